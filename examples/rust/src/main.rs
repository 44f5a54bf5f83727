//! The empirical mean in Rust, on tonic alone: each arm once, then always the one of the best mean so far, the first of equals. It plays as the
//! built-in `emp`, digit for digit. docs/languages/rust.md has more; docs/protocol.md is the reference.
//!
//!     cargo build --release
//!     target/release/emp-rust --connect 127.0.0.1:50551 --task bernoulli-bandit --trials 200

use std::{collections::HashMap, env, error::Error, fs, process};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

/// The code of the protos, which build.rs generates.
mod icrl {
    tonic::include_proto!("icrl.v1");
}
use icrl::{Actions, DataType, Hello, Observations, Open, PlayRequest, Tensor, environment_service_client::EnvironmentServiceClient};
use icrl::{play_request::Message as Request, play_response::Message as Response};

/// What was learnt in one trial, by arm.
struct Memory {
    plays: Vec<f64>,
    sums: Vec<f64>,
}

impl Memory {
    fn best(&self) -> i32 {
        let (mut choice, mut best) = (0, f64::NEG_INFINITY);
        for (arm, plays) in self.plays.iter().enumerate() {
            if *plays == 0.0 {
                return arm as i32;
            }
            if self.sums[arm] / plays > best {
                (choice, best) = (arm, self.sums[arm] / plays);
            }
        }
        choice as i32
    }
}

/// Learns from what the last actions earned and chooses the next, int32 [N], in their place; false when all trials are played.
fn step(seen: &Observations, memories: &mut HashMap<u32, Memory>, actions: &mut Vec<u8>, arms: usize) -> bool {
    let bytes_of = |env: u32| 4 * env as usize..4 * env as usize + 4; // in a tensor of int32 or float32
    let done = seen.executed_action.as_ref().map_or(&*actions, |tensor| &tensor.data); // it is there where it is not what was sent
    for (env, memory) in memories.iter_mut() {
        let arm = i32::from_le_bytes(done[bytes_of(*env)].try_into().unwrap()) as usize;
        let reward = &seen.reward.as_ref().unwrap().data[bytes_of(*env)]; // absent at the first step alone
        memory.plays[arm] += 1.0;
        memory.sums[arm] += f64::from(f32::from_le_bytes(reward.try_into().unwrap()));
    }
    for start in &seen.trial_starts {
        memories.insert(start.env, Memory { plays: vec![0.0; arms], sums: vec![0.0; arms] });
    }
    for (env, memory) in memories.iter() {
        actions[bytes_of(*env)].copy_from_slice(&memory.best().to_le_bytes());
    }
    !memories.is_empty()
}

const FLAGS: [&str; 8] = ["connect", "entrant", "tournament", "collection", "task", "trials", "envs", "seed"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let flags: HashMap<&str, &str> = words.chunks(2).filter_map(|pair| Some((pair[0].strip_prefix("--")?, pair.get(1)?.as_str()))).collect();
    if 2 * flags.len() != words.len() || flags.keys().any(|name| !FLAGS.contains(name)) {
        eprintln!("usage: emp-rust, and with a value each, any of --{}", FLAGS.join(" --"));
        process::exit(2);
    }
    let text = |name| flags.get(name).map(|text| text.to_string());
    let number = |name, otherwise| flags.get(name).map_or(Ok(otherwise), |text| text.parse::<u64>());
    let entrant = text("entrant");
    let mut hello = Hello { min_protocol_version: 1, max_protocol_version: 1, tasks: vec!["bandit".into()], ..Hello::default() };
    (hello.agent, hello.agent_version, hello.language) = ("emp-rust".into(), "1".into(), "rust".into());
    (hello.entrant, hello.tournament_id, hello.collection_id) = (entrant.clone(), text("tournament"), text("collection"));
    hello.entrant_key = entrant.as_ref().and_then(|_| env::var("ICRL_ENTRANT_KEY").ok()); // keeps others from its name

    let (address, ca) = (flags.get("connect").unwrap_or(&"127.0.0.1:50551"), env::var("ICRL_CA").unwrap_or_default());
    let channel = if ca.is_empty() {
        Channel::from_shared(format!("http://{address}"))? // for this machine alone
    } else {
        let tls = ClientTlsConfig::new();
        let tls = if ca == "public" { tls.with_native_roots() } else { tls.ca_certificate(Certificate::from_pem(fs::read(ca)?)) };
        Channel::from_shared(format!("https://{address}"))?.tls_config(tls)?
    };
    let mut client = EnvironmentServiceClient::new(channel.connect().await?).max_decoding_message_size(usize::MAX); // many envs say much at once
    let (requests, queue) = tokio::sync::mpsc::unbounded_channel();
    let send = |message| requests.send(PlayRequest { message: Some(message) });
    send(Request::Hello(hello))?;
    if entrant.is_none() {
        let (trials, num_envs, seed) = (number("trials", 20)?, number("envs", 10)? as u32, number("seed", 0)?);
        let task = text("task").unwrap_or("bernoulli-bandit".into());
        send(Request::Open(Open { task, trials, num_envs, seed, ..Open::default() }))?;
    }
    let mut call = tonic::Request::new(UnboundedReceiverStream::new(queue));
    if let Ok(token) = env::var("ICRL_TOKEN") {
        call.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let told = |status: tonic::Status| status.message().to_string(); // what was wrong, and what to do
    let mut responses = client.play(call).await.map_err(told)?.into_inner();
    let (mut memories, mut actions, mut arms, mut regret) = (HashMap::new(), vec![], 0, 0.0); // memories: of envs in which a trial is under way
    while let Some(response) = responses.message().await.map_err(told)? {
        match response.message {
            Some(Response::Opened(opened)) => {
                arms = opened.task.map_or(0, |task| task.num_actions as usize);
                (memories, actions) = (HashMap::new(), vec![0; 4 * opened.num_envs as usize]);
            }
            Some(Response::Observations(seen)) => {
                for end in &seen.trial_ends {
                    memories.remove(&end.env);
                    regret += end.regret.unwrap_or(0.0); // told in free play alone
                }
                if step(&seen, &mut memories, &mut actions, arms) {
                    let line = |dtype: DataType, data: Vec<u8>| Some(Tensor { dtype: dtype.into(), shape: vec![data.len() as u32 / 4], data });
                    let ones = 1_f32.to_le_bytes().repeat(actions.len() / 4); // what it chooses is certain
                    let (chosen, chances) = (line(DataType::Int32, actions.clone()), line(DataType::Float32, ones));
                    send(Request::Actions(Actions { step_index: seen.step_index, actions: chosen, propensities: chances, ..Actions::default() }))?;
                }
            }
            Some(Response::Closed(closed)) if entrant.is_none() => {
                println!("{} trials, regret {:.6} (mean of a trial)", closed.complete_trials, regret / closed.complete_trials as f64);
                break;
            }
            Some(Response::Closed(closed)) if closed.finished => break,
            _ => {}
        }
    }
    drop(requests); // the server ends its side, too
    responses.message().await.map_err(told)?;
    Ok(())
}
