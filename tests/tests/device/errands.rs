//! A kiosk's screen has its agent do something: the real kiosk program on the simulated panel, the real agent, the real
//! collector, each in its own process.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use afterword_agent::SocketQueue;
use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_kiosk::errands::{EnrolmentState, Errands};
use afterword_kiosk::socket::{Socket, read_frame, write_frame};
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::errand::{AgentStatus, EnrolmentFailure, TestState};
use afterword_protocol::local::{LOCAL_VERSION, Reply, Request};
use afterword_protocol::network_test::{NetworkTest, StepName};
use afterword_protocol::queue::Queue as _;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_tests::wait::until;
use afterword_tests::{Desk, Program};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const CONFIG: &str = "format = 1\nstore_name = \"Harbour Street\"\ntime_zone = \"Europe/London\"\n";

/// A kiosk without its screen: the device, and its socket where an agent looks for it.
fn kiosk(desk: &Desk) -> Result<(Device, Socket)> {
    let path = desk.path("kiosk.toml");
    std::fs::write(&path, CONFIG)?;
    let clock = Arc::new(SystemClock::start());
    let device =
        Device::open(Config::read(&path)?, &path, &desk.path("kiosk"), clock, Arc::new(SystemEntropy))?;
    let socket = Socket::of_device(&desk.socket(), &device)?;
    Ok((device, socket))
}

/// An agent that is started before its device is enrolled.
fn waiting_agent(desk: &Desk, ca_file: &std::path::Path) -> Result<Program> {
    let mut agent = desk.agent_command();
    agent.arg("--brisk").args(["--collector", &desk.enrolment_url()?, "--ca"]).arg(ca_file);
    Program::start(agent)
}

async fn tested(errands: &Errands) -> Result<NetworkTest> {
    errands.test_network();
    until("the network is tested", || match errands.network_test() {
        TestState::Done { test } => Ok(Some(test)),
        TestState::Failed { detail } => anyhow::bail!("{detail}"),
        _ => Ok(None),
    })
    .await
}

async fn enrolled(errands: &Errands, code: &str) -> Result<EnrolmentState> {
    errands.enrol(EnrolmentCode::parse(code)?);
    until("the enrolment is over", || {
        Ok(Some(errands.enrolment()).filter(|state| *state != EnrolmentState::UnderWay))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_enrolled_from_its_screen_and_goes_on_as_that_device() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let (code, ca_file) = desk.add_device("Exit")?;
    let (device, _socket) = kiosk(&desk)?;
    let agent = waiting_agent(&desk, &ca_file)?;
    let errands = &device.errands;

    let can_enrol = || Ok(errands.agent().filter(|heard| heard.status.can_enrol).map(drop));
    until("the agent says that it waits", can_enrol).await?;
    let test = tested(errands).await?;
    ensure!(test.failed().is_some_and(|step| step.step == StepName::Identity), "{test:?}");

    let EnrolmentState::NotEnrolled { reason, detail } = enrolled(errands, "0000-0000-0000").await? else {
        anyhow::bail!("a wrong code was taken: {:?}", errands.enrolment())
    };
    ensure!(
        reason == EnrolmentFailure::CodeRefused && detail.contains("does not accept this code"),
        "{detail}"
    );

    let EnrolmentState::Enrolled(as_whom) = enrolled(errands, &code).await? else {
        anyhow::bail!("the code was not taken: {:?}", errands.enrolment())
    };
    ensure!(as_whom.name == "Exit", "{as_whom:?}");
    let goes_on = || Ok(errands.agent().filter(|heard| heard.status.enrolled.is_some()).map(drop));
    until("the agent works as that device", goes_on).await?;
    let test = tested(errands).await?;
    ensure!(test.is_well(), "{test:?}");

    // The same screen again: the device keeps what it is.
    let EnrolmentState::NotEnrolled { reason, .. } = enrolled(errands, &code).await? else {
        anyhow::bail!("it was enrolled twice: {:?}", errands.enrolment())
    };
    ensure!(reason == EnrolmentFailure::AlreadyEnrolled, "{reason:?}");
    ensure!(!agent.errors().contains(&code), "the code stands in a log");
    agent.terminate()?;
    collector.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_waits_for_a_code_goes_on_when_the_command_line_enrols() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    let ca_file = desk.path("collector/pki/server-ca.pem");
    let agent = waiting_agent(&desk, &ca_file)?;
    // Nobody is at the socket yet; it has to get over that too.
    desk.enrol()?;
    let kiosk = desk.kiosk(3)?;
    kiosk.line(|line| (line == "rests").then_some(()))?;
    desk.everything_received(3).await?;
    kiosk.end_of_input()?;
    agent.terminate()?;
    collector.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_has_the_network_tested_and_says_what_the_screen_says() -> Result<()> {
    let mut desk = Desk::new()?;
    let collector = desk.collector()?;
    desk.enrol()?;
    let (device, _socket) = kiosk(&desk)?;
    let agent = desk.agent()?;
    let doctor = [
        "doctor",
        "--json",
        "--network",
        "--config",
        "kiosk.toml",
        "--data",
        "kiosk",
        "--socket",
        "kiosk.sock",
    ];
    let said = desk.run("afterword-kiosk", &doctor)?;
    let said: Value = serde_json::from_str(&said.stdout).with_context(|| said.everything())?;
    let check = |name: &str| {
        let checks = said["checks"].as_array().into_iter().flatten();
        checks
            .clone()
            .find(|check| check["name"] == name)
            .cloned()
            .with_context(|| format!("no {name} in {said:#}"))
    };
    let test = check("network test")?;
    ensure!(test["state"] == "ok", "{test:#}");
    let steps = test["values"]["test"]["test"]["steps"].as_array().context("it has steps")?;
    ensure!(steps.len() == 7 && steps[5]["finding"] == "known", "{test:#}");
    ensure!(check("enrolment")?["values"]["device_name"] == "Exit", "{said:#}");
    ensure!(check("certificate")?["values"]["days_left"].as_i64().is_some_and(|days| days > 14), "{said:#}");
    ensure!(check("waiting")?["values"]["waiting_count"] == 0, "{said:#}");

    // The list of the page is the same one. What the clock moves on differs.
    let of_page = device.status_sources().look();
    let names: Vec<_> = of_page.iter().map(|check| check.name).collect();
    let of_doctor = said["checks"].as_array().context("a list")?.iter();
    let mut of_doctor: Vec<_> = of_doctor.filter_map(|check| check["name"].as_str()).collect();
    of_doctor.retain(|name| names.contains(name));
    ensure!(names == of_doctor, "{names:?} {said:#}");
    agent.terminate()?;
    collector.terminate()?;
    Ok(())
}

fn connected(desk: &Desk) -> Result<UnixStream> {
    let mut stream = UnixStream::connect(desk.socket())?;
    write_frame(&mut stream, &Request::Hello { version: LOCAL_VERSION, program: "a test".into() })?;
    let hello: Reply = read_frame(&mut stream)?;
    ensure!(matches!(hello, Reply::Hello { errands: true, .. }), "{hello:?}");
    Ok(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_errand_for_an_agent_that_was_killed_goes_to_the_next_one() -> Result<()> {
    let desk = Desk::new()?;
    let (device, _socket) = kiosk(&desk)?;
    let agent = Box::new(AgentStatus { program_version: "dead".into(), ..AgentStatus::default() });
    let ask = Request::Errand { wait_ms: 30_000, agent };
    let mut dead = connected(&desk)?;
    write_frame(&mut dead, &ask)?;
    until("the first agent waits", || Ok(device.errands.agent().map(drop))).await?;
    drop(dead);
    device.errands.test_network();
    let mut alive = connected(&desk)?;
    write_frame(&mut alive, &ask)?;
    let reply: Reply = read_frame(&mut alive)?;
    ensure!(matches!(reply, Reply::Errand { errand: Some(_) }), "{reply:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_before_and_a_command_of_before_are_served_as_ever() -> Result<()> {
    let desk = Desk::new()?;
    let (device, _socket) = kiosk(&desk)?;
    // An agent of before reads past what it does not know in the hello.
    let mut queue = SocketQueue::at(desk.socket());
    ensure!(queue.position().await?.last_seq == 0);
    // And a kiosk without a screen has no errands, says so, and refuses without hanging up.
    let path = desk.path("plain.sock");
    let _plain = Socket::serve(&path, &device.store, &device.moments)?;
    let mut stream = UnixStream::connect(&path)?;
    write_frame(&mut stream, &Request::Hello { version: LOCAL_VERSION, program: "a test".into() })?;
    let hello: Value = read_frame(&mut stream)?;
    ensure!(hello.get("errands").is_none(), "{hello}");
    for request in [Request::TestNetwork, Request::Position] {
        write_frame(&mut stream, &request)?;
        let reply: Reply = read_frame(&mut stream)?;
        let fits = matches!(
            (&request, &reply),
            (Request::TestNetwork, Reply::Refused { .. }) | (_, Reply::Position(_))
        );
        ensure!(fits, "{reply:?}");
    }
    Ok(())
}
