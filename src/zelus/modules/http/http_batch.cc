// http.batch and http.asyncRequest: requests in fibers of their own.
#include <fmt/format.h>

#include <map>

#include "bia/fiber/sync.h"
#include "zelus/modules/go_value.h"
#include "zelus/modules/http/http_send.h"
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
  auto read_method = [&](const Value& given) {
    if (given.is_string()) {
      method = to_text(ctx, given.get());
      return true;
    }
    error = fmt::format("invalid method type '{}'", go_value_text(ctx, given));
    return false;
  };
  if (JS_IsArray(value.get())) {
    int64_t length = 0;
    JS_GetLength(ctx, value.get(), &length);
    if (length < 2) {
      error = fmt::format("invalid batch request '{}'", go_value_text(ctx, value));
      return false;
    }
    if (!read_method(value.at(0))) return false;
    url = value.at(1);
    body = value.at(2);
    params = value.at(3);
  } else if (value.is_object() && JS_GetClassID(value.get()) != kClassHttpUrl) {
    url = value.property("url");
    body = value.property("body");
    params = value.property("params");
    const JSAtom url_key = JS_NewAtom(ctx, "url");
    const bool has_url = JS_HasProperty(ctx, value.get(), url_key) > 0;
    JS_FreeAtom(ctx, url_key);
    if (!has_url) {
      error = fmt::format("batch request {} doesn't have a url key", key);
      return false;
    }
    if (Value given = value.property("method"); !given.is_undefined()) {
      if (!read_method(given)) return false;
      for (char& c : method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
      if (method == "GET" || method == "HEAD") body = Value(ctx, JS_UNDEFINED);
    }
  }
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

/// What a batch gives of which the last of `entries` is wrong: nothing is sent.
JSValue unsent_batch(Vu& vu, JSValueConst requests, const std::vector<BatchEntry>& entries,
                     const std::string& error) {
  JSContext* ctx = vu.ctx();
  if (vu.script().options.throw_on_failed_request) return throw_go_error(ctx, error);
  const bool array = JS_IsArray(requests);
  Value out(ctx, array ? JS_NewArray(ctx) : JS_NewObject(ctx));
  for (size_t i = 0; i < entries.size(); ++i) {
    ExchangePtr exchange(vu.thread().http->take());
    const bool last = i + 1 == entries.size();
    if (last) {
      exchange->error = exchange->log_error = error;
      exchange->error_code = error.starts_with("invalid URL: ") ? 1020 : 0;
    }
    JSValue response =
        last ? failed_response(vu, exchange.release(), false, "A batch request failed")
             : new_response(ctx, exchange.release());
    JS_SetProperty(ctx, out.get(), entries[i].key, response);
  }
  int64_t length = 0;
  if (array) JS_GetLength(ctx, requests, &length);
  for (auto i = static_cast<uint32_t>(entries.size()); i < length; ++i)
    JS_SetPropertyUint32(ctx, out.get(), i, JS_NULL);
  return out.release();
}

}  // namespace

JSValue http_batch(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init()) return vu.throw_in_init("Using batch in the init context is not supported");
  if (argc < 1) return throw_go_error(ctx, "no argument was provided to http.batch()");
  if (argc > 1)
    return throw_go_error(ctx, "http.batch() accepts only an array or an object of requests");
  if (!JS_IsObject(argv[0]) || JS_IsFunction(ctx, argv[0])) {
    const std::string_view type =
        JS_IsString(argv[0]) ? std::string_view("string") : go_type_name(ctx, argv[0]);
    return throw_go_error(ctx, fmt::format("invalid http.batch() argument type {}", type));
  }
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
  if (!ok) {
    Value unsent(ctx, error.empty() ? JS_EXCEPTION : unsent_batch(vu, argv[0], entries, error));
    free_keys();
    return unsent.release();
  }
  Value out(ctx, array ? JS_NewArray(ctx) : JS_NewObject(ctx));
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
  JSValueConst given = argument(argc, argv, 0);
  std::string method = is_nullish(given) ? "GET" : to_text(ctx, given);
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
