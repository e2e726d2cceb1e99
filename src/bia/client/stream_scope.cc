#include "bia/client/stream_scope.h"

#include <exception>
#include <optional>

#include "bia/bia/propagation.h"
#include "bia/bia/tracing.h"
#include "bia/fiber/scheduler.h"

namespace bia {

/// Of the fiber and the stream's owner; outlives either.
struct StreamScope::State {
  explicit State(Plan from) : plan(std::move(from)) {
    // The fiber may end after the server call: copies, not the call's own.
    if (plan.parent) {
      if (const auto* found = plan.parent->find<SpanContext>()) span = *found;
      if (const auto* found = plan.parent->find<RequestId>()) request_id = *found;
      if (const auto* found = plan.parent->find<ServerMetadata>()) metadata = *found;
    }
    plan.parent = nullptr;
  }
  void run();
  Result<void> run_chain();
  Result<void> told() const {
    if (thrown) std::rethrow_exception(thrown);
    return *result;
  }
  static Result<void> open_and_wait(Invocation& invocation);

  Plan plan;
  std::optional<SpanContext> span;
  std::optional<RequestId> request_id;
  std::optional<ServerMetadata> metadata;

  std::optional<grpc::ClientStream> stream;
  MessageRules rules = nullptr;         ///< what the chain wants its messages checked by
  std::optional<Result<void>> outcome;  ///< of the stream, told by its owner
  std::optional<Result<void>> result;   ///< of the chain
  std::exception_ptr thrown;            ///< by the chain, for the owner: it made the call
  fiber::Parker owner;
  fiber::Parker chain;
};

Result<void> StreamScope::State::open_and_wait(Invocation& invocation) {
  auto& state = *static_cast<State*>(invocation.service);
  OutgoingCall& call = state.plan.call;
  grpc::CallOptions options;
  options.deadline = call.deadline;
  options.metadata = &call.headers;
  options.ready = state.plan.ready;
  auto pick = state.plan.pool.pick(options);
  if (!pick.ok()) return std::move(pick).error();
  call.peer = pick->address();
  auto opened = pick->channel().stream(state.plan.operation, options);
  if (!opened.ok()) {
    pick->done(&opened.error());
    return std::move(opened).error();
  }
  state.stream.emplace(std::move(*opened));
  state.rules = stream_rules(invocation.context);
  state.owner.unpark();
  while (!state.outcome) {
    if (auto parked = state.chain.park(); !parked.ok()) return parked;
  }
  pick->done(state.outcome->ok() ? nullptr : &state.outcome->error());
  return std::move(*state.outcome);
}

Result<void> StreamScope::State::run_chain() {
  Context context(plan.operation, {}, plan.call, nullptr, now());
  std::optional<ContextValue<SpanContext>> with_span;
  std::optional<ContextValue<RequestId>> with_id;
  std::optional<ContextValue<ServerMetadata>> with_metadata;
  if (span) with_span.emplace(context, *span);
  if (request_id) with_id.emplace(context, *request_id);
  if (metadata) with_metadata.emplace(context, *metadata);
  Invocation invocation{context, nullptr, nullptr, open_and_wait, nullptr, this};
  invocation.validate = plan.rules;
  Result<Reply> replied = plan.chain.run(invocation);
  if (!replied.ok()) return std::move(replied).error();
  return {};
}

void StreamScope::State::run() {
  try {
    result.emplace(run_chain());
  } catch (...) {
    thrown = std::current_exception();
    result.emplace(Error(Code::kInternal, "", "a middleware threw"));
  }
  plan.fibers.fetch_sub(1);
  owner.unpark();
}

Result<OpenedStream> StreamScope::open(Plan plan) {
  auto state = std::make_shared<State>(std::move(plan));
  auto scope = std::make_shared<StreamScope>(state);
  state->plan.fibers.fetch_add(1);
  auto spawned = fiber::Scheduler::current().spawn([state] { state->run(); });
  if (!spawned.ok()) {
    state->plan.fibers.fetch_sub(1);
    return std::move(spawned).error();
  }
  while (!state->stream && !state->result) {
    if (auto parked = state->owner.park(); !parked.ok()) {
      spawned->cancel();
      return std::move(parked).error();
    }
  }
  if (!state->stream) {
    BIA_TRY(state->told());
    return Error(Code::kInternal, "NO_STREAM", "a middleware answered without opening the stream");
  }
  return OpenedStream{std::move(*state->stream), std::move(scope), state->rules};
}

StreamScope::~StreamScope() {
  if (state_->outcome || state_->result) return;
  state_->outcome.emplace(Error(Code::kCancelled, "", "the stream was dropped"));
  state_->chain.unpark();
}

Result<void> StreamScope::end(Result<void> outcome) {
  if (!state_->outcome) {
    state_->outcome.emplace(outcome);
    state_->chain.unpark();
  }
  while (!state_->result) {
    if (!state_->owner.park().ok()) return outcome;
  }
  return state_->told();
}

Result<void> finish_stream(OpenedStream& opened, Result<void> own) {
  grpc::Status status = opened.stream.finish();
  Result<void> outcome = std::move(own);
  if (outcome.ok() && status.code != Code::kOk) outcome = error_of(status);
  return opened.scope ? opened.scope->end(std::move(outcome)) : std::move(outcome);
}

}  // namespace bia
