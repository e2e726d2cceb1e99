// Kratos' side of the interoperability tests: a client that finds a service in etcd and calls it, and a service that registers.
// google.protobuf.Int32Value has the wire form of slow.v1's messages.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/api/metadata"
	"github.com/go-kratos/kratos/v2/errors"
	kgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[2]}, DialTimeout: 5 * time.Second})
	if err == nil {
		store := &etcd{client: client}
		if os.Args[1] == "serve" {
			err = serve(store, os.Args[3])
		} else {
			err = call(store, os.Args[1], os.Args[3], os.Args[4])
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func call(store *etcd, what, name, scheme string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	endpoint := "discovery:///" + name
	var milliseconds int32
	if scheme == "grpc" {
		conn, err := kgrpc.DialInsecure(ctx, kgrpc.WithEndpoint(endpoint), kgrpc.WithDiscovery(store))
		if err != nil {
			return err
		}
		if what == "metadata" {
			return describe(ctx, metadata.NewMetadataClient(conn))
		}
		if what == "json" {
			// google.protobuf.Struct has the JSON form of slow.v1's messages.
			request, reply := new(structpb.Struct), new(structpb.Struct)
			request.Fields = map[string]*structpb.Value{"milliseconds": structpb.NewNumberValue(7), "unknown": structpb.NewNullValue()}
			if err := conn.Invoke(ctx, "/slow.v1.Slow/Wait", request, reply, grpc.CallContentSubtype("json")); err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(reply.AsMap())
		}
		reply := new(wrapperspb.Int32Value)
		if err := conn.Invoke(ctx, "/slow.v1.Slow/Wait", wrapperspb.Int32(7), reply); err != nil {
			return err
		}
		milliseconds = reply.Value
	} else {
		client, err := khttp.NewClient(ctx, khttp.WithEndpoint(endpoint), khttp.WithDiscovery(store), khttp.WithBlock())
		if err != nil {
			return err
		}
		path := "/wait/7"
		var options []khttp.CallOption
		if accept, isFail := strings.CutPrefix(what, "fail"); isFail {
			path = "/fail"
			if accept != "" {
				options = append(options, khttp.Header(&http.Header{"Accept": {"application/" + accept[1:]}}))
			}
		}
		var reply struct {
			Milliseconds int32 `json:"milliseconds"`
		}
		if err := client.Invoke(ctx, "GET", path, nil, &reply, options...); err != nil {
			return err
		}
		milliseconds = reply.Milliseconds
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int32{"milliseconds": milliseconds})
}

func describe(ctx context.Context, client metadata.MetadataClient) error {
	list, err := client.ListServices(ctx, &metadata.ListServicesRequest{})
	if err != nil {
		return err
	}
	service, err := client.GetServiceDesc(ctx, &metadata.GetServiceDescRequest{Name: "slow.v1.Slow"})
	if err != nil {
		return err
	}
	files, err := protodesc.NewFiles(service.FileDescSet)
	if err != nil {
		return err
	}
	found, err := files.FindDescriptorByName("slow.v1.Slow")
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"services": list.Services, "methods": list.Methods, "file": found.ParentFile().Path()})
}

func serve(store *etcd, name string) error {
	server := kgrpc.NewServer(kgrpc.Address("127.0.0.1:0"))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "slow.v1.Slow",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Wait", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			request := new(wrapperspb.Int32Value)
			if err := decode(request); err != nil {
				return nil, err
			}
			return wrapperspb.Int32(request.Value + 1000), nil
		}}, {MethodName: "Fail", Handler: func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
			return nil, failure()
		}}},
	}, struct{}{})
	web := khttp.NewServer(khttp.Address("127.0.0.1:0"))
	routes := web.Route("/")
	routes.GET("/wait/{milliseconds}", func(ctx khttp.Context) error {
		milliseconds, err := strconv.Atoi(ctx.Vars().Get("milliseconds"))
		if err != nil {
			return err
		}
		return ctx.Result(200, map[string]int{"milliseconds": milliseconds + 1000})
	})
	routes.GET("/fail", func(khttp.Context) error { return failure() })
	return kratos.New(kratos.Name(name), kratos.Version("v1"), kratos.Server(server, web), kratos.Registrar(store)).Run()
}

func failure() error {
	return errors.New(409, "GO_SAYS_NO", "not today").WithMetadata(map[string]string{"day": "sunday"})
}
