//! Generates the code of the protos, with a compiler of them that is in Rust: nothing else is to be installed.

fn main() {
    let files = protox::compile(["icrl/v1/environment.proto"], ["../../proto"]).expect("the protos of icrl");
    tonic_prost_build::configure().build_server(false).compile_fds(files).expect("code of them");
    println!("cargo:rerun-if-changed=../../proto/icrl");
}
