//! Processes that start twice, die at any moment, or are of another version than their neighbour.

use std::io::ErrorKind;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use afterword_kiosk::socket::{read_frame, write_frame};
use afterword_model::ports::SeededEntropy;
use afterword_model::response::{AnswerValue, Outcome};
use afterword_protocol::local::{LOCAL_VERSION, Reply, Request};
use afterword_protocol::queue::Take;
use afterword_sim::shopper::spots;
use afterword_tests::program::{Output, finish};
use afterword_tests::ratings::{open_store, responses};
use afterword_tests::wait::{PATIENCE, until};
use afterword_tests::{Behaviour, Desk, Proxy};
use anyhow::{Result, ensure};
use tokio::time::Instant;

/// How often the kiosk's process is killed.
const KIOSK_KILLS: u32 = 200;

/// A shop's staff waits this long for a screen that went dark before it calls somebody.
const RESTART_MAX: Duration = Duration::from_secs(30);

/// A start that fails as it should: with one sentence that holds these words.
fn refused(output: &Output, words: &str) -> Result<()> {
    let is_one_sentence = output.stderr.trim().lines().count() == 1 && !output.stderr.contains("panicked");
    ensure!(output.code == Some(1) && is_one_sentence, "{}", output.everything());
    ensure!(output.stderr.contains(words), "`{words}` is not in {}", output.everything());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_second_kiosk_and_a_second_agent_are_refused_and_the_first_undisturbed() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let agent = desk.agent()?;
    kiosk.tap(spots::face(2))?;
    for _ in 0..3 {
        let same_folder = desk.kiosk_command_at(&desk.path("kiosk"), &desk.path("another.sock"), 0);
        refused(&finish(same_folder)?, "another kiosk program already uses this data directory")?;
        let same_socket = desk.kiosk_command_at(&desk.path("another"), &desk.socket(), 0);
        refused(&finish(same_socket)?, "another running kiosk answers there")?;
        refused(&finish(desk.agent_command())?, "another afterword-sync already works in")?;
    }
    // In the middle of a visit, as if nothing had happened.
    kiosk.hand("wait 1000")?;
    assert_eq!(kiosk.tap(spots::FINISH)?.page, "thanks");
    let last_seq = kiosk.shoppers(3)?.last_seq;
    desk.close(kiosk, agent, collector, last_seq).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_crash_between_the_collector_s_commit_and_the_local_receipt_is_harmless() -> Result<()> {
    let mut desk = Desk::new()?;
    let line = Proxy::open()?;
    let mut collector = desk.collector_behind(&line)?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(0)?;
    let mut agent = desk.agent()?;
    let mut last_seq = 0;
    for round in 0..9 {
        line.set(Behaviour::HoldAnswers);
        let held = line.faults();
        last_seq = last_seq.max(kiosk.shoppers(2)?.last_seq);
        // The collector has committed and answered; the device has not heard it.
        line.faults_reach(held + 1).await?;
        match round % 3 {
            0 => {
                agent.kill()?;
                line.cut();
                agent = desk.agent()?;
            }
            1 => {
                // The receipt comes to an agent whose kiosk is gone.
                kiosk.kill()?;
                line.set(Behaviour::Pass);
                kiosk = desk.kiosk(0)?;
            }
            _ => {
                collector.kill()?;
                line.cut();
                collector = desk.collector()?;
            }
        }
        line.set(Behaviour::Pass);
    }
    desk.everything_received(last_seq).await?;
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    assert!(desk.proven()? >= last_seq);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn f43_a_kiosk_killed_two_hundred_times_keeps_every_first_tap() -> Result<()> {
    let desk = Desk::in_memory()?;
    let dice = SeededEntropy::new(43);
    let (mut kept, mut unsure) = (Vec::new(), 0);
    let mut slowest = Duration::ZERO;
    for round in 0..KIOSK_KILLS {
        let began = Instant::now();
        let mut kiosk = desk.kiosk(0)?;
        slowest = slowest.max(began.elapsed());
        if round % 4 == 3 {
            // In the middle of the tap itself: nobody knows whether it reached the disk, and nobody was told.
            unsure += 1;
            kiosk.say(&format!("tap {} {}", spots::face(5).x, spots::face(5).y))?;
            tokio::time::sleep(Duration::from_micros(dice.next_u64() % 20_000)).await;
        } else {
            let face = 1 + round as u16 % 4;
            assert_eq!(kiosk.tap(spots::face(face))?.page, "question-chosen");
            kept.push(u8::try_from(face)?);
            // Somewhere in the pages that follow.
            for deed in 0..dice.next_u64() % 4 {
                kiosk.hand("wait 700")?;
                let spot = [spots::reason(2), spots::NEXT, spots::letter('q')][deed as usize % 3];
                kiosk.tap(spot)?;
            }
        }
        kiosk.kill()?;
    }
    desk.kiosk(0)?.end_of_input()?;
    let store = open_store(&desk.path("kiosk"), 43)?;
    assert_eq!(store.verify()?.problems, Vec::<String>::new());
    let mut faces = Vec::new();
    for (seq, response) in responses(&store)? {
        assert_eq!(response.outcome, Outcome::Interrupted);
        let Some(AnswerValue::Face(face)) = response.draft.answer("visit") else {
            panic!("record {seq} has no face: {response:?}")
        };
        faces.push(*face);
    }
    let unsure_kept = faces.iter().filter(|&&face| face == 5).count();
    faces.retain(|&face| face != 5);
    assert_eq!(faces, kept, "each tap once, in order");
    assert!(unsure_kept <= unsure, "{unsure_kept} records of {unsure} taps that were cut short");
    assert!(slowest < RESTART_MAX, "one start took {slowest:?}");
    println!("{KIOSK_KILLS} kills, {} taps kept, the slowest start {slowest:?}", kept.len());
    Ok(())
}

/// A connection to the kiosk's socket, as an asker of this version says hello.
fn hello(desk: &Desk, version: u16) -> Result<(UnixStream, Reply)> {
    let mut stream = UnixStream::connect(desk.socket())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write_frame(&mut stream, &Request::Hello { version, program: "afterword-sync".into() })?;
    let reply = read_frame(&mut stream)?;
    Ok((stream, reply))
}

#[tokio::test(flavor = "multi_thread")]
async fn f44_programs_of_neighbouring_versions_understand_each_other() -> Result<()> {
    let desk = Desk::new()?;
    let mut kiosk = desk.kiosk(0)?;
    let last_seq = kiosk.shoppers(3)?.last_seq;
    for version in [LOCAL_VERSION, LOCAL_VERSION - 1] {
        let (mut stream, reply) = hello(&desk, version)?;
        assert!(matches!(reply, Reply::Hello { .. }), "version {version}: {reply:?}");
        write_frame(&mut stream, &Request::Position)?;
        let Reply::Position(position) = read_frame(&mut stream)? else { panic!("no position") };
        assert_eq!(position.last_seq, last_seq);
        write_frame(&mut stream, &Request::Next(Take { after_seq: 0, records_max: 500, wait_ms: 0 }))?;
        let Reply::Next { run: Some(_) } = read_frame(&mut stream)? else { panic!("no records") };
    }
    for version in [LOCAL_VERSION + 2, u16::MAX] {
        let (_, reply) = hello(&desk, version)?;
        assert!(
            matches!(&reply, Reply::Refused { detail } if detail.contains("update the older one")),
            "version {version}: {reply:?}"
        );
    }
    kiosk.end_of_input()?;
    an_agent_is_served_by_the_kiosk_before_it().await
}

/// The new agent may be installed first: it finds a kiosk of the version before, which knows nothing of its own.
async fn an_agent_is_served_by_the_kiosk_before_it() -> Result<()> {
    let mut desk = Desk::new()?;
    let _collector = desk.collector()?;
    desk.enrol()?;
    let listener = UnixListener::bind(desk.socket())?;
    listener.set_nonblocking(true)?;
    let agent = desk.agent()?;
    let asked = until("the agent asks for the position", || match listener.accept() {
        Ok((stream, _)) => kiosk_before(stream),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await;
    drop(agent);
    asked
}

/// One connection as the kiosk of the version before serves it. Something when it was asked for the position.
fn kiosk_before(mut stream: UnixStream) -> Result<Option<()>> {
    const BEFORE: u16 = LOCAL_VERSION - 1;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let Request::Hello { version, .. } = read_frame(&mut stream)? else { return Ok(None) };
    if version != BEFORE && version + 1 != BEFORE {
        write_frame(&mut stream, &Reply::Refused { detail: format!("this kiosk speaks {BEFORE}") })?;
        return Ok(None);
    }
    write_frame(
        &mut stream,
        &Reply::Hello { version: BEFORE, program_version: "before".into(), errands: false },
    )?;
    Ok(matches!(read_frame(&mut stream)?, Request::Position).then_some(()))
}
