// http.batch and http.asyncRequest: requests in fibers of their own.
#include <fmt/format.h>

#include <map>

#include "bia/fiber/sync.h"
#include "zelus/modules/http_send.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

struct BatchEntry {
  JSAtom key = JS_ATOM_NULL;
  Prepared prepared;
};

/// An element: a URL, `[method, url, body, params]` or `{method, url, body, params}`. False with
/// k6's text.
bool read_entry(Vu& vu, std::string_view key, const Value& value, BatchEntry& entry,
                std::string& error) {
  JSContext* ctx = vu.ctx();
  std::string method = "GET";
  Value url = value, body, params;
  if (JS_IsArray(value.get())) {
    int64_t length = 0;
    JS_GetLength(ctx, value.get(), &length);
    if (length < 2) {
      error = "invalid batch request: an array needs a method and a URL";
      return false;
    }
    method = to_text(ctx, value.at(0).get());
    url = value.at(1);
    body = value.at(2);
    params = value.at(3);
  } else if (value.is_object() && JS_GetClassID(value.get()) != kClassHttpUrl) {
    Value given = value.property("method");
    if (!given.is_nullish()) method = to_text(ctx, given.get());
    url = value.property("url");
    body = value.property("body");
    params = value.property("params");
    if (url.is_undefined()) {
      error = fmt::format("batch request {} doesn't have a url key", key);
      return false;
    }
  }
  for (char& c : method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  if (method == "GET" || method == "HEAD") body = Value(ctx, JS_UNDEFINED);
  entry.prepared = prepare(vu, method, url.get(), body.get(), params.get());
  if (entry.prepared.failed) error = entry.prepared.exchange->error;
  return !entry.prepared.failed;
}

/// Sends all, at most `batch` at a time and `batchPerHost` to one host. Outside of running
/// JavaScript.
Result<void> send_all(Vu& vu, std::vector<BatchEntry>& entries) {
  const exec::UserOptions& options = vu.script().options;
  HttpUser& http_user = vu.http();
  std::map<std::string, std::unique_ptr<bia::fiber::Semaphore>> hosts;
  size_t next = 0;
  auto work = [&] {
    while (next < entries.size()) {
      Exchange& exchange = *entries[next++].prepared.exchange;
      auto& gate =
          hosts[fmt::format("{}:{}", exchange.request.url->host, exchange.request.url->port)];
      if (!gate)
        gate = std::make_unique<bia::fiber::Semaphore>(
            static_cast<size_t>(std::max(1, options.batch_per_host)));
      if (!gate->acquire()) {
        exchange.interrupted = true;
        continue;
      }
      bia::fiber::ScopedDeadline deadline{bia::Deadline(vu.stop_at())};
      exchange.perform(vu, http_user);
      gate->release();
    }
  };
  size_t workers = std::min(entries.size(), static_cast<size_t>(std::max(1, options.batch)));
  std::vector<bia::fiber::Fiber> fibers;
  Result<void> out;
  for (size_t i = 0; i < workers; ++i) {
    auto fiber = bia::fiber::Scheduler::current().spawn(work);
    if (!fiber) {
      // Fewer workers do the same job.
      if (fibers.empty()) return std::move(fiber).error();
      break;
    }
    fibers.push_back(std::move(*fiber));
  }
  for (auto& fiber : fibers) {
    while (!fiber.done()) {
      if (fiber.join()) continue;
      for (auto& other : fibers) other.cancel();
      bia::fiber::yield();
    }
  }
  return out;
}

}  // namespace

JSValue http_batch(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init()) return vu.throw_in_init("Using batch in the init context is not supported");
  if (argc < 1) return throw_go_error(ctx, "no argument was provided to http.batch()");
  if (argc > 1) {
    vu.script().log(LogLevel::kWarning,
                    "http.batch() accepts only an array or an object of requests; further "
                    "arguments are ignored");
  }
  if (!JS_IsObject(argv[0]))
    return throw_go_error(
        ctx, fmt::format("invalid http.batch() argument type {}", to_text(ctx, argv[0])));
  bool array = JS_IsArray(argv[0]);
  std::vector<BatchEntry> entries;
  std::string error;
  bool ok = each_property(ctx, argv[0], [&](JSAtom atom, const Value& value) {
    BatchEntry entry;
    entry.key = JS_DupAtom(ctx, atom);
    bool read = read_entry(vu, atom_text(ctx, atom), value, entry, error);
    entries.push_back(std::move(entry));
    return read;
  });
  auto free_keys = [&] {
    for (BatchEntry& entry : entries) JS_FreeAtom(ctx, entry.key);
  };
  Value out(ctx, array ? JS_NewArray(ctx) : JS_NewObject(ctx));
  if (!ok) {
    bool throws = vu.script().options.throw_on_failed_request;
    ExchangePtr failed(vu.thread().http->take());
    free_keys();
    if (error.empty()) return JS_EXCEPTION;
    if (throws) return throw_go_error(ctx, error);
    failed->error = failed->log_error = error;
    failed->error_code = error.starts_with("invalid URL: ") ? 1020 : 1000;
    JSAtom key = entries.empty() ? JS_NewAtomUInt32(ctx, 0) : JS_DupAtom(ctx, entries.back().key);
    JS_FreeAtom(ctx, key);
    JSValue response = failed_response(vu, failed.release(), false, "A batch request failed");
    if (array) {
      JS_SetPropertyUint32(ctx, out.get(), 0, response);
    } else {
      define(ctx, out.get(), "0", response);
    }
    return out.release();
  }
  Result<void> sent;
  {
    Wait wait(vu);
    sent = send_all(vu, entries);
  }
  JSValue failure = JS_UNDEFINED;
  if (!sent) failure = throw_go_error(ctx, sent.error().message());
  for (BatchEntry& entry : entries) {
    if (JS_IsException(failure)) break;
    JSValue response = finish(vu, std::move(entry.prepared.exchange));
    if (JS_IsException(response)) {
      failure = response;
    } else {
      JS_SetProperty(ctx, out.get(), entry.key, response);
    }
  }
  free_keys();
  return JS_IsException(failure) ? failure : out.release();
}

JSValue http_async_request(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init())
    return vu.throw_in_init("Making http requests in the init context is not supported");
  std::string method = to_text(ctx, argument(argc, argv, 0));
  JSValue functions[2];
  Value promise(ctx, JS_NewPromiseCapability(ctx, functions));
  if (promise.is_exception()) return JS_EXCEPTION;
  Value resolve(ctx, functions[0]);
  Value reject(ctx, functions[1]);
  auto settle = [&vu, resolve, reject](ExchangePtr exchange) {
    JSContext* context = vu.ctx();
    Value response(context, finish(vu, std::move(exchange)));
    bool failed = response.is_exception();
    if (failed) response = Value(context, JS_GetException(context));
    JSValueConst value = response.get();
    Value called(context,
                 JS_Call(context, failed ? reject.get() : resolve.get(), JS_UNDEFINED, 1, &value));
  };
  Prepared prepared = prepare(vu, method, argument(argc, argv, 1), argument(argc, argv, 2),
                              argument(argc, argv, 3));
  if (prepared.failed) {
    settle(std::move(prepared.exchange));
    return promise.release();
  }
  auto shared = std::make_shared<ExchangePtr>(std::move(prepared.exchange));
  auto inbox = vu.loop().begin();
  HttpUser& http_user = vu.http();
  auto spawned = vu.spawn_helper([&vu, &http_user, shared, inbox, settle] {
    bia::fiber::ScopedDeadline deadline{bia::Deadline(vu.stop_at())};
    (*shared)->perform(vu, http_user);
    inbox->finish([shared, settle] { settle(std::move(*shared)); });
  });
  if (!spawned) {
    inbox->finish([] {});
    return throw_go_error(ctx, spawned.error().message());
  }
  return promise.release();
}

}  // namespace zelus::modules
