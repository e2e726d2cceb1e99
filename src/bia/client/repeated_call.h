#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "bia/bia/service_client.h"
#include "bia/middleware/per_thread.h"

namespace bia {

/// What one sending of a call brought.
struct Answer {
  grpc::UnaryReply grpc;
  http::ClientResponse http;
  std::string peer;
};

/// A unary call that can be sent more than once. Owns all it needs: a hedged copy may end a turn
/// after its caller.
class RepeatedCall {
 public:
  virtual ~RepeatedCall() = default;
  virtual Result<void> send(ServicePool::Pick& pick, Deadline deadline, Answer& answer) const = 0;
  virtual bool repeatable() const = 0;
  virtual grpc::CallOptions::Ready ready() const { return grpc::CallOptions::Ready::kFail; }
};

class GrpcRepeated final : public RepeatedCall {
 public:
  GrpcRepeated(std::string_view path, std::string request, const OutgoingCall::Fields& metadata,
               grpc::CallOptions::Ready ready)
      : path_(path), request_(std::move(request)), metadata_(metadata), ready_(ready) {}
  Result<void> send(ServicePool::Pick& pick, Deadline deadline, Answer& answer) const override;
  bool repeatable() const override { return true; }
  grpc::CallOptions::Ready ready() const override { return ready_; }

 private:
  std::string path_;
  std::string request_;
  grpc::Metadata metadata_;
  grpc::CallOptions::Ready ready_;
};

class HttpRepeated final : public RepeatedCall {
 public:
  HttpRepeated(const HttpPlan& plan, const OutgoingCall::Fields& headers,
               const ServiceClientOptions& options);
  Result<void> send(ServicePool::Pick& pick, Deadline deadline, Answer& answer) const override;
  bool repeatable() const override { return repeatable_; }

 private:
  std::string method_;
  std::string target_;
  std::string body_;
  http::Headers headers_;
  std::string deadline_header_;
  std::function<Error(const http::ClientResponse&)> decode_error_;
  bool repeatable_;
};

/// gRPC's retry throttling: a service that fails most sendings is not asked twice as often, neither
/// by retries nor by hedging. One for each thread.
class RetryBudget {
 public:
  void count(bool succeeded);
  bool allows() const { return tokens_ > kTokensMax / 2; }

 private:
  static constexpr double kTokensMax = 10;
  static constexpr double kPerSuccess = 0.1;
  double tokens_ = kTokensMax;
};

/// Sends by the rules of retries and hedging.
class Sender {
 public:
  Sender(ServicePool& pool, const ServiceClientOptions& options) : pool_(pool), options_(options) {}
  Result<void> send(const std::shared_ptr<const RepeatedCall>& call, Deadline deadline,
                    Answer& answer);

 private:
  struct Hedge;
  Result<void> send_hedged(const std::shared_ptr<const RepeatedCall>& call, Deadline deadline,
                           RetryBudget& budget, Answer& answer);
  bool may_repeat(const Result<void>& sent) const;

  ServicePool& pool_;
  const ServiceClientOptions& options_;
  PerThread<RetryBudget> budgets_;
};

}  // namespace bia
