// The experiment's service in Kratos 2.7.2: recovery on HTTP and gRPC, timeout 1 s. usage: kratos-server HTTP_PORT GRPC_PORT
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/middleware/recovery"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"

	"peer/pb"
)

type service struct{ pb.UnimplementedGreeterServer }

func (service) SayHello(_ context.Context, request *pb.HelloRequest) (*pb.HelloReply, error) {
	return &pb.HelloReply{Message: "Hello " + request.GetName()}, nil
}

// sayHello binds and answers in the order in which Kratos' own generator does.
func sayHello(ctx khttp.Context) error {
	request := new(pb.HelloRequest)
	if err := ctx.BindQuery(request); err != nil {
		return err
	}
	if err := ctx.BindVars(request); err != nil {
		return err
	}
	khttp.SetOperation(ctx, "/helloworld.v1.Greeter/SayHello")
	call := ctx.Middleware(func(ctx context.Context, r interface{}) (interface{}, error) {
		return service{}.SayHello(ctx, r.(*pb.HelloRequest))
	})
	reply, err := call(ctx, request)
	if err != nil {
		return err
	}
	return ctx.Result(200, reply)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: kratos-server HTTP_PORT GRPC_PORT")
		os.Exit(2)
	}
	log.SetLogger(log.NewStdLogger(io.Discard))
	web := khttp.NewServer(khttp.Address("127.0.0.1:"+os.Args[1]), khttp.Timeout(time.Second), khttp.Middleware(recovery.Recovery()))
	web.Route("/").GET("/helloworld/{name}", sayHello)
	rpc := kgrpc.NewServer(kgrpc.Address("127.0.0.1:"+os.Args[2]), kgrpc.Timeout(time.Second), kgrpc.Middleware(recovery.Recovery()))
	pb.RegisterGreeterServer(rpc, service{})
	if err := kratos.New(kratos.Name("helloworld"), kratos.Server(web, rpc)).Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
