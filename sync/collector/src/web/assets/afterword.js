// What a page can do better with a script than without; each page works without.
"use strict";

// A form that says so is sent as soon as something in it is chosen.
for (const form of document.querySelectorAll("form[data-at-once]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A button that says so asks first; also one that came with news.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-ask]");
  if (button && !window.confirm(button.dataset.ask)) event.preventDefault();
});

// A part that says where its news come from is drawn anew when there are some.
for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("part", (event) => {
    // Not under somebody's hands.
    if (part.contains(document.activeElement) || part.querySelector("details[open]")) return;
    part.innerHTML = event.data;
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    const note = document.createElement("p");
    note.className = "wrong";
    note.setAttribute("role", "status");
    note.textContent = "This page is not kept up to date any more; load it again.";
    part.before(note);
  });
}

// What is being written is shown as a kiosk would show it, a moment after the last key.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const shown = document.getElementById("preview");
  let pause, asking;
  const draw = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.preview, { method: "POST", body, signal: asking.signal });
      if (!answer.ok) return;
      const part = await answer.text();
      const held = shown.contains(document.activeElement) ? document.activeElement.id : "";
      shown.innerHTML = part;
      if (held) document.getElementById(held)?.focus();
    } catch (error) {
      // Somebody wrote on, or the server is away; the key that looks at it says so.
    }
  };
  const wait = (event) => {
    if (event.target.form !== form) return;
    clearTimeout(pause);
    pause = setTimeout(draw, 600);
  };
  // What is written, and what is chosen beside it.
  document.addEventListener("input", wait);
  document.addEventListener("change", wait);
}
