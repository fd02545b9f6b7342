//! Somebody at the collector's pages: follows links, fills in forms, keeps the one cookie there is.

use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;

use crate::support::{PATIENCE, Server, tls};

pub(crate) const PASSWORD: &str = "three words make it";

pub(crate) struct Browser {
    client: reqwest::Client,
    pub(crate) base: String,
    pub(crate) cookie: Option<String>,
    /// What the last page brings its forms along.
    pub(crate) key: String,
}

/// A page, or what came in its place.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// Where it sends to.
    pub(crate) fn leads_to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// What stands behind these letters, up to the next quotation mark or tag.
    pub(crate) fn after(&self, letters: &str) -> &str {
        let (_, rest) =
            self.text.split_once(letters).unwrap_or_else(|| panic!("no {letters} in {}", self.text));
        rest.split(['"', '<']).next().unwrap_or_default()
    }

    pub(crate) fn has(&self, letters: &str) -> bool {
        self.text.contains(letters)
    }
}

impl Browser {
    /// Nobody yet.
    pub(crate) fn at(server: &Server) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls("", None))
            .redirect(Policy::none())
            .timeout(PATIENCE);
        let base = format!("http://localhost:{}", server.collector().web_address().port());
        Self { client: client.build().unwrap(), base, cookie: None, key: String::new() }
    }

    /// The first person of all, who runs the collector.
    pub(crate) async fn first(server: &Server) -> Self {
        let mut browser = Self::at(server);
        let link = server.collector().first_link().expect("nobody has an account yet").to_owned();
        browser.accept(&link, "ada@example.com").await;
        browser
    }

    /// Makes an account by a link and is signed in with it.
    pub(crate) async fn accept(&mut self, link: &str, login: &str) {
        let path = link.strip_prefix(&self.base).unwrap_or(link).to_owned();
        let page = self.post(&path, &[("login", login), ("name", "Ada L"), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.leads_to()), (303, "/"), "{}", page.text);
        assert_eq!(self.get("/fleet").await.status, 200);
    }

    /// Somebody whom the first person invited with this role.
    pub(crate) async fn invited(server: &Server, login: &str, role: &str, place: &str) -> Self {
        let mut admin = Self::first_again(server).await;
        admin.get("/people").await;
        let page = admin.post("/people/invite", &[("login", login), ("role", role), ("place", place)]).await;
        let link = page.after("<code id=\"link\">").to_owned();
        let mut browser = Self::at(server);
        browser.accept(&link, login).await;
        browser
    }

    pub(crate) async fn first_again(server: &Server) -> Self {
        let mut browser = Self::at(server);
        let page = browser.sign_in("ada@example.com", PASSWORD).await;
        assert_eq!(page.status, 303, "{}", page.text);
        browser
    }

    pub(crate) async fn sign_in(&mut self, login: &str, password: &str) -> Page {
        self.post("/sign-in", &[("login", login), ("password", password)]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    /// Sends a form of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let key = self.key.clone();
        self.post_from(&self.base.clone(), &key, path, fields).await
    }

    pub(crate) async fn post_from(
        &mut self,
        origin: &str,
        key: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("key", key).extend_pairs(fields);
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(ORIGIN, origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish());
        self.send(request).await
    }

    /// A stream of news, as the page's script opens it.
    pub(crate) async fn listen(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.base));
        request.header(COOKIE, self.cookie.as_deref().unwrap_or_default()).send().await.unwrap()
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if let Some(cookie) = headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            self.cookie =
                (!cookie.contains("Max-Age=0")).then(|| cookie.split(';').next().unwrap().to_owned());
        }
        let page = Page { status, headers, text: response.text().await.unwrap() };
        if page.has("name=\"key\"") {
            page.after("name=\"key\" value=\"").clone_into(&mut self.key);
        }
        page
    }
}
