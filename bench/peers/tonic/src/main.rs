//! tonic on one thread, as the other servers are measured. usage: tonic-server HTTP_PORT GRPC_PORT (it has no HTTP side)
use tonic::{transport::Server, Request, Response, Status};

mod hello {
    tonic::include_proto!("helloworld.v1");
}
use hello::greeter_server::{Greeter, GreeterServer};

struct Service;

#[tonic::async_trait]
impl Greeter for Service {
    async fn say_hello(&self, request: Request<hello::HelloRequest>) -> Result<Response<hello::HelloReply>, Status> {
        let message = format!("Hello {}", request.into_inner().name);
        Ok(Response::new(hello::HelloReply { message }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(2).ok_or("usage: tonic-server HTTP_PORT GRPC_PORT")?;
    Server::builder().tcp_nodelay(true).add_service(GreeterServer::new(Service)).serve(format!("127.0.0.1:{port}").parse()?).await?;
    Ok(())
}
