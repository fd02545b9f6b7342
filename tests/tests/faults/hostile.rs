//! Clients, files and words that mean harm.

use std::time::Duration;

use afterword_model::response::{Answer, AnswerValue, Response};
use afterword_model::survey::limits::{FILE_BYTES_MAX, QUESTIONS_MAX};
use afterword_protocol::problem::ProblemType;
use afterword_sim::shopper::spots;
use afterword_tests::device::{batch_head, problem};
use afterword_tests::program::finish;
use afterword_tests::ratings::{batches, open_store};
use afterword_tests::wait::patiently;
use afterword_tests::{Desk, Device};
use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

/// A dribbling client gives one byte in this time: often enough that no pause between bytes is suspicious.
const DRIBBLE: Duration = Duration::from_millis(200);

/// Memory that a process under attack may take more than before, in KiB: a few bodies and what belongs to them.
const GROWTH_MAX_KIB: u64 = 24 * 1024;

/// What a hostile shopper writes: right-to-left override, zalgo, four-byte characters, a null, a spreadsheet's formula,
/// a script, and what JSON and terminals have of their own.
const HOSTILE: &str = "=cmd|'/C calc'!A0 <script>alert(1)</script> \u{202e}evil\u{202c} z\u{335}\u{322}\u{34d}a\u{338}\u{321}l\u{336}g\u{337}o \u{1f600}\u{10ffff} \0 \u{1b}[2J \"}],\\ \u{2028}\u{feff} '; drop table records; --";

#[tokio::test(flavor = "multi_thread")]
async fn f33_whoever_dribbles_is_dropped_on_the_deadline_and_others_are_served() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    let slow = Device::enrol(&desk, "Slow").await?;
    let other = Device::enrol(&desk, "Other").await?.with_records(200, 33);
    let mut dribbling = JoinSet::new();
    let head = batch_head(200_000);
    for start in [&head.as_bytes()[..4], head.as_bytes()] {
        for _ in 0..4 {
            let mut wire = slow.connect().await?;
            wire.write(start).await?;
            let mut rest =
                head.clone().into_bytes().into_iter().skip(start.len()).chain(std::iter::repeat(b'x'));
            dribbling.spawn(async move {
                let mut bytes = tokio::time::interval(DRIBBLE);
                loop {
                    bytes.tick().await;
                    let byte = rest.next().context("it never ends")?;
                    if wire.write(&[byte]).await.is_err() {
                        return wire.read_to_end().await;
                    }
                }
            });
        }
    }
    // Others deliver all the while.
    let mut seq = 0;
    let mut answers = Vec::new();
    let mut deliveries = tokio::time::interval(DRIBBLE);
    while !dribbling.is_empty() {
        tokio::select! {
            ended = patiently("the connections' end", dribbling.join_next()) => {
                answers.push(ended?.context("one of them")???);
            }
            _ = deliveries.tick(), if seq < 200 => {
                seq += 1;
                other.deliver(seq, seq).await?;
            }
        }
    }
    assert!(seq > 10, "others were not served while it lasted");
    // Whoever dribbles a header gets no word; a body that was late is told so, for the agent on a slow link.
    for answer in &answers {
        assert!(
            answer.is_empty() || answer.contains("urn:afterword:problem:timed-out"),
            "an answer to half a request: {answer}"
        );
    }
    assert_eq!(answers.len(), 8);
    Ok(())
}

/// A zstd frame of `prefix` and a gigabyte of zeros in some 32 KB (RFC 8878: one raw block, then blocks that repeat a byte).
fn bomb(prefix: &[u8]) -> Vec<u8> {
    const BLOCK: u32 = 128 * 1024;
    const BLOCKS: u32 = (1 << 30) / BLOCK;
    let block = |last: bool, kind: u32, size: u32| {
        (u32::from(last) | kind << 1 | size << 3).to_le_bytes()[..3].to_vec()
    };
    // Magic number, a frame header without a content size, a window of 512 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 9 << 3];
    frame.extend(block(false, 0, u32::try_from(prefix.len()).expect("a header line is short")));
    frame.extend_from_slice(prefix);
    for number in 1..=BLOCKS {
        frame.extend(block(number == BLOCKS, 1, BLOCK));
        frame.push(0);
    }
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_a_decompression_bomb_is_refused_at_the_cap_in_flat_memory() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let device = Device::enrol(&desk, "Exit").await?.with_records(60, 34);
    // What the collector needs for honest work is not counted.
    for seq in 1..=20 {
        device.deliver(seq, seq).await?;
    }
    let (header, _) = device.batch(21, 60);
    let first_line = format!("{}\n", serde_json::to_string(&header)?);
    let bombs = [bomb(b""), bomb(first_line.as_bytes())];
    ensure!(bombs.iter().all(|bomb| bomb.len() < 40_000), "it is no bomb");
    ensure!(zstd::stream::read::Decoder::new(&bombs[1][..]).is_ok(), "it is not even a frame");

    let before_kib = collector.peak_memory_kib()?;
    let clients: Vec<_> = (0..8).map(|_| device.another_client()).collect::<Result<_>>()?;
    let mut sends = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        let bomb = bytes::Bytes::from(bombs[number % 2].clone());
        sends.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..20 {
                answers.push(
                    afterword_agent::Transport::post(&client, afterword_agent::Message::Batch, bomb.clone())
                        .await,
                );
            }
            answers
        });
    }
    for answers in sends.join_all().await {
        for answer in answers {
            assert_eq!(problem(&answer?)?.kind, ProblemType::TooLarge);
        }
    }
    let grown_kib = collector.peak_memory_kib()?.saturating_sub(before_kib);
    println!("160 bombs of 1 GiB each: {before_kib} KiB before, {grown_kib} KiB more at the most");
    assert!(grown_kib < GROWTH_MAX_KIB, "{grown_kib} KiB more than the {before_kib} KiB before");
    device.deliver(21, 60).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_a_device_revoked_with_a_connection_open_is_refused_at_its_next_request() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let _agent = desk.agent()?;
    let last_seq = kiosk.shoppers(2)?.last_seq;
    desk.everything_received(last_seq).await?;
    let raw = Device::enrol(&desk, "Raw").await?.with_records(4, 37);
    let mut wire = raw.connect().await?;
    assert_eq!(wire.send_batch(&raw.batch(1, 2).1).await?, 200);

    for name in ["Exit", "Raw"] {
        let revoke = ["device", "revoke", name, "--reason", "stolen", "--data", "collector"];
        let revoked = desk.run("afterword-collector", &revoke)?;
        ensure!(revoked.code == Some(0), "{}", revoked.everything());
    }
    assert_eq!(wire.send_batch(&raw.batch(3, 4).1).await?, 403, "on the connection that was open");
    let again = raw.send(raw.batch(3, 4).1).await?;
    assert_eq!(problem(&again)?.kind, ProblemType::NotAllowed);

    // The kiosk collects on, the agent keeps everything and says what is wrong.
    let unsent = kiosk.shoppers(3)?;
    assert!(unsent.last_seq >= last_seq + 3);
    let status = desk.agent_complains("does not let this device in").await?;
    assert_eq!((&status["state"], &status["acknowledged_seq"]), (&"paused".into(), &last_seq.into()));
    let connection = rusqlite::Connection::open(desk.path("collector/collector.db"))?;
    let held: i64 = connection.query_row("select count(*) from records", [], |row| row.get(0))?;
    assert_eq!(held.unsigned_abs(), last_seq + 2);
    Ok(())
}

/// A survey file that is right, but for what is added.
fn survey_with(addition: &str) -> String {
    format!("{}\n{addition}\n", afterword_kiosk::config::SHIPPED_SURVEY)
}

#[tokio::test(flavor = "multi_thread")]
async fn f45_a_hostile_survey_is_refused_with_a_clear_error() -> Result<()> {
    let desk = Desk::new()?;
    let question = |number: u32| {
        format!("[[questions]]\nid = \"q{number}\"\nkind = \"comment\"\ntitle.en = \"x\"\ntitle.de = \"x\"\n")
    };
    let thousand: String = (0..1_000).map(question).collect();
    let title = "title.en = \"How was your visit today?\"";
    let titled = |text: &str| {
        afterword_kiosk::config::SHIPPED_SURVEY.replacen(title, &format!("title.en = \"{text}\""), 1)
    };
    let cases = [
        ("ten-megabytes", "#".repeat(10_000_000), "larger than 256 KiB"),
        ("a-thousand-steps", survey_with(&thousand), "at most 25 are possible"),
        ("nested-lists", format!("x = {}\n", "[".repeat(100_000)), "recurs"),
        ("nested-tables", format!("x = {}1", "{x = ".repeat(40_000)), "recurs"),
        ("dotted-keys", format!("{}a = 1\n", "a.".repeat(100_000)), "recurs"),
        ("a-long-header", format!("[{}a]\n", "a.".repeat(100_000)), "recurs"),
        ("control-characters", titled("How\\u0007 was \\u001b[2J it?"), "control character U+0007"),
        ("bidi-override", titled("How \u{202e}was it?"), "control character U+202E"),
        ("bidi-isolate", titled("How \u{2067}was it?"), "control character U+2067"),
        ("no-text", titled("\u{200b}"), "is blank"),
        ("zalgo", titled(&"z\u{335}\u{322}".repeat(500)), "at most 120 fit"),
        ("not-utf-8", String::new(), "not UTF-8"),
        (
            "a-hostile-id",
            afterword_kiosk::config::SHIPPED_SURVEY.replace("\"visit\"", "\"../../x\\n\""),
            "id",
        ),
    ];
    const { assert!(QUESTIONS_MAX == 25 && FILE_BYTES_MAX == 256 * 1024, "the messages below name them") };
    for (name, text, words) in cases {
        let file = format!("{name}.toml");
        let bytes =
            if name == "not-utf-8" { b"format = 1\nid = \"\xff\xfe\"".to_vec() } else { text.into_bytes() };
        std::fs::write(desk.path(&file), bytes)?;
        let checked = desk.run("afterword-kiosk", &["survey", "check", &file])?;
        let said = format!("{}{}", checked.stdout, checked.stderr);
        ensure!(checked.code == Some(1), "{name}: {}", checked.everything());
        ensure!(said.contains(words) && said.contains(&file), "{name}: `{words}` is not in {said}");
        let is_harmless = |letter: char| {
            letter == '\n'
                || !letter.is_control()
                    && !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        ensure!(said.chars().all(is_harmless), "{name}: what it says would act on a terminal: {said:?}");
        ensure!(
            said.len() < 40_000 && said.lines().count() <= 102,
            "{name}: nobody reads {} bytes",
            said.len()
        );

        // And a kiosk that is given it does not start, and writes nothing.
        std::fs::write(
            desk.path("kiosk.toml"),
            format!("format = 1\nstore_name = \"x\"\ntime_zone = \"UTC\"\nsurvey = \"{file}\"\n"),
        )?;
        let mut kiosk = desk.kiosk_command(0);
        kiosk.arg("--config").arg(desk.path("kiosk.toml"));
        let refused = finish(kiosk)?;
        ensure!(
            refused.code == Some(1) && refused.stderr.contains(&file),
            "{name}: {}",
            refused.everything()
        );
        ensure!(!desk.path("kiosk").exists(), "{name}: it wrote something");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_hostile_comment_is_delivered_as_it_was_given() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    // At the panel: what would act on a screen or a terminal does not get into the field at all.
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    kiosk.tap(spots::face(1))?;
    kiosk.hand("wait 700")?;
    kiosk.tap(spots::NEXT)?;
    assert_eq!(kiosk.hand("wait 700")?.page, "comment");
    kiosk.hand(&format!("type {}", serde_json::to_string(HOSTILE)?))?;
    assert_eq!(kiosk.hand("wait 1000")?.page, "comment", "the panel draws it and lives");
    let at = kiosk.tap(spots::COMMENT_DONE)?;
    // Whoever is unhappy and says why is followed up: a second record.
    assert_eq!((at.page.as_str(), at.last_seq), ("thanks", 2));
    desk.everything_received(2).await?;

    // From a device that filters nothing: byte for byte.
    let mut raw = Device::enrol(&desk, "Raw").await?.with_records(3, 46);
    let mut response = Response::from_bytes(2, &raw.records[1])?;
    let comment = AnswerValue::Comment(HOSTILE.into());
    response.draft.answers.push(Answer { question: "comment".into(), value: comment, at_ms: 1 });
    raw.records[1] = response.to_bytes();
    raw.deliver(1, 3).await?;

    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert_eq!(desk.proven()?, 2);
    let connection = rusqlite::Connection::open(desk.path("collector/collector.db"))?;
    let mut read = connection.prepare("select bytes from records where seq = ?1 and parked is null")?;
    let bytes = |seq: i64| {
        read.query_map([seq], |row| row.get::<_, Vec<u8>>(0))?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut bytes = bytes;
    assert!(bytes(2)?.contains(&raw.records[1]), "another record than was sent");
    let store = open_store(&desk.path("kiosk"), 46)?;
    let typed = batches(&store)?[0].records[0].clone();
    assert!(bytes(1)?.contains(&typed), "another record than was typed");
    let response = Response::from_bytes(1, &typed)?;
    let Some(AnswerValue::Comment(words)) = response.draft.answer("comment") else {
        panic!("no comment: {response:?}")
    };
    for kept in [
        "=cmd|'/C calc'!A0",
        "<script>alert(1)</script>",
        "z\u{335}\u{322}\u{34d}a",
        "\u{1f600}",
        "drop table",
    ] {
        assert!(words.contains(kept), "{kept} is not in {words:?}");
    }
    assert!(!words.contains(['\0', '\u{1b}', '\u{202e}', '\u{2028}']), "{words:?}");
    Ok(())
}
