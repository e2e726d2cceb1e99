fn main() {
    tonic_prost_build::configure().build_client(false).compile_protos(&["../proto/greeter.proto"], &["../proto"]).expect("greeter.proto");
}
