# The front door. Two commands are enough: `make demo` and `make test`; both set up a fresh Debian 12 by themselves.
.PHONY: all setup demo test check fmt asan tsan fuzz golden bench install hooks clean
PRESET ?= release

all: ## build bia, zelus and the example into build/release/bin; what tests alone need is `make test`'s
	@scripts/setup build
	@cmake --preset $(PRESET) $(if $(wildcard build/$(PRESET)/build.ninja),>/dev/null,)
	@cmake --build --preset $(PRESET) --target programs

demo: all ## the whole experiment: service, load over HTTP and gRPC, report
	@scripts/demo

test: ## everything that CI runs: units, whole programs, units under ASan+UBSan
	@scripts/test

check: ## format, layers, header weight, sizes, bans, clang-tidy on changed files
	@scripts/check

fmt: ## clang-format all sources
	@git ls-files '*.cc' '*.h' | grep -vE '^(templates|examples)/' | xargs clang-format-19 -i

asan: ## unit tests under AddressSanitizer and UBSan
	@scripts/setup build && cmake --preset asan && cmake --build --preset asan && ctest --preset asan -L unit

# Not the two whose messages have map fields: protobuf's headers make these larger under ThreadSanitizer than Debian's library has them.
tsan: ## what crosses threads, under ThreadSanitizer
	@scripts/setup build && cmake --preset tsan && cmake --build --preset tsan --target fiber_test metrics_test net_test http_test grpc_test bia_test && ctest --preset tsan -R '^(fiber|metrics|net|http|grpc|bia):' -E 'ConfigScan.ReadsMaps|Log.MasksFieldsOfLinesAndOfMessages'

fuzz: ## each fuzzer for SECONDS (default 60)
	@scripts/setup check && scripts/fuzz $(or $(SECONDS),60)

golden: all ## rewrite tests/golden from what the programs print now; review the diff
	@cmake --build --preset $(PRESET)
	@BIA_GOLDEN_WRITE=1 ctest --preset release -R golden

bench: all ## the floor, the peers (kratos, k6, ghz, wrk, h2load) and ours in one run
	@cmake --build --preset $(PRESET) --target bench_chain bench_http_server bench_router_lookup bench_tls_connect
	@bench/run

install: all ## into PREFIX (default /usr/local)
	@cmake --install build/$(PRESET) --prefix $(or $(PREFIX),/usr/local)

hooks: ## the fast checks before each commit
	@git config core.hooksPath scripts/hooks

clean:
	@rm -rf build
