module peer

go 1.21

require (
	github.com/go-kratos/kratos/v2 v2.7.2
	github.com/prometheus/client_golang v1.16.0
	google.golang.org/grpc v1.56.3
	google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.3.0
	google.golang.org/protobuf v1.31.0
)
