// The experiment's service in Kratos 2.7.2: recovery on HTTP and gRPC, timeout 1 s. usage: kratos-server HTTP_PORT GRPC_PORT [full]
// full: recovery, metrics and validation, as bench/run chain has them on bia's side.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/log"
	"github.com/go-kratos/kratos/v2/metrics"
	"github.com/go-kratos/kratos/v2/middleware"
	kmetrics "github.com/go-kratos/kratos/v2/middleware/metrics"
	"github.com/go-kratos/kratos/v2/middleware/recovery"
	"github.com/go-kratos/kratos/v2/middleware/validate"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/prometheus/client_golang/prometheus"

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

type counter struct {
	vector *prometheus.CounterVec
	labels []string
}

func (c counter) With(labels ...string) metrics.Counter { return counter{c.vector, labels} }
func (c counter) Inc()                                  { c.vector.WithLabelValues(c.labels...).Inc() }
func (c counter) Add(delta float64)                     { c.vector.WithLabelValues(c.labels...).Add(delta) }

type observer struct {
	vector *prometheus.HistogramVec
	labels []string
}

func (o observer) With(labels ...string) metrics.Observer { return observer{o.vector, labels} }
func (o observer) Observe(value float64)                  { o.vector.WithLabelValues(o.labels...).Observe(value) }

// counted is Kratos' metrics middleware on Prometheus' client, as its contrib/metrics/prometheus has it.
func counted() middleware.Middleware {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "server_requests_code_total"}, []string{"kind", "operation", "code", "reason"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "server_requests_duration_sec",
		Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1}}, []string{"kind", "operation"})
	prometheus.MustRegister(requests, seconds)
	return kmetrics.Server(kmetrics.WithSeconds(observer{vector: seconds}), kmetrics.WithRequests(counter{vector: requests}))
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: kratos-server HTTP_PORT GRPC_PORT [full]")
		os.Exit(2)
	}
	chain := []middleware.Middleware{recovery.Recovery()}
	if len(os.Args) > 3 {
		chain = append(chain, counted(), validate.Validator())
	}
	log.SetLogger(log.NewStdLogger(io.Discard))
	web := khttp.NewServer(khttp.Address("127.0.0.1:"+os.Args[1]), khttp.Timeout(time.Second), khttp.Middleware(chain...))
	web.Route("/").GET("/helloworld/{name}", sayHello)
	rpc := kgrpc.NewServer(kgrpc.Address("127.0.0.1:"+os.Args[2]), kgrpc.Timeout(time.Second), kgrpc.Middleware(chain...))
	pb.RegisterGreeterServer(rpc, service{})
	if err := kratos.New(kratos.Name("helloworld"), kratos.Server(web, rpc)).Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
