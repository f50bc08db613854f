#include "front_end.h"

#include "coffer/base/log.h"
#include "coffer/crypto/random.h"
#include "coffer/faces/vault/face.h"
#include "connection.h"

namespace coffer::daemon {
namespace {

namespace vault = faces::vault;

/// Of 256 requests under way at most, one wins each round: more rounds are someone's fault.
constexpr int kMaxRuns = 512;

/// The headers that mean something to the face, and where they go.
struct Known {
  boost::beast::string_view name;
  std::string_view vault::HttpMessage::*place;
};
constexpr Known kKnown[] = {
    {"X-Vault-Token", &vault::HttpMessage::token},
    {"Authorization", &vault::HttpMessage::authorization},
    {"Content-Type", &vault::HttpMessage::content_type},
    {"Content-Encoding", &vault::HttpMessage::content_encoding},
    {"X-Vault-Wrap-TTL", &vault::HttpMessage::wrap_ttl},
    {"X-Vault-Namespace", &vault::HttpMessage::vault_namespace},
};

/// One walk over the fields: a look-up of each name would walk Beast's tree eight times. None comes
/// twice (check_head).
vault::HttpMessage view_of(const HttpRequest& message) {
  const auto method = message.method_string();
  const auto target = message.target();
  vault::HttpMessage view{.method = {method.data(), method.size()},
                          .target = {target.data(), target.size()}};
  for (auto field = message.begin(); field != message.end(); ++field) {
    const auto name = field->name_string();
    for (const Known& known : kKnown) {
      // Lengths first: nearly all fields end here.
      if (name.size() != known.name.size() || !boost::beast::iequals(name, known.name)) continue;
      view.*known.place = {field->value().data(), field->value().size()};
    }
  }
  return view;
}

void put_answer(Exchange& exchange, const vault::HttpAnswer& answer) {
  const bool head = exchange.message.method() == boost::beast::http::verb::head;
  exchange.answer = http_answer(answer.status, answer.body, head, !exchange.message.keep_alive(),
                                answer.content_type);
}

/// False: the message asks for nothing that we understand, and the answer says so.
bool understand(Exchange& exchange, vault::HttpMessage message, const Clock& clock) {
  const auto id = crypto::random_uuid();
  if (!id.ok()) {
    exchange.fail(id.error());
    return false;
  }
  message.body = std::move(exchange.message.body());
  auto understood = vault::to_request(std::move(message), *id, clock.wall());
  if (const auto* answer = std::get_if<vault::HttpAnswer>(&understood)) {
    put_answer(exchange, *answer);
    return false;
  }
  exchange.request = std::get<model::Request>(std::move(understood));
  return true;
}

}  // namespace

void Exchange::fail(const Error& error) {
  put_answer(*this, vault::render(error, request ? &request->id : nullptr));
}

std::optional<core::Staged> serve(Exchange& exchange, const core::Pipeline& pipeline,
                                  const Clock& clock, engine::Lane here) {
  const vault::HttpMessage message = view_of(exchange.message);
  exchange.stranger = true;
  if (!exchange.request && !understand(exchange, message, clock)) return std::nullopt;
  if (here == engine::Lane::fast) {
    exchange.slow = pipeline.lane(*exchange.request) == engine::Lane::slow;
    if (exchange.slow) return std::nullopt;
  }
  const model::Evidence evidence{exchange.peer, vault::to_bearer(message)};
  // The pipeline turns `update` into `create`; who loses a race runs again as was asked.
  const model::Operation asked = exchange.request->operation;
  core::Staged staged = exchange.runs < kMaxRuns ? pipeline.run(*exchange.request, evidence)
                                                 : pipeline.give_up(*exchange.request, evidence);
  exchange.request->operation = asked;
  exchange.stranger = !staged.known_caller;
  ++exchange.runs;
  // It lost a race before.
  if (exchange.request_logged) staged.entry.request.reset();
  if (staged.response.ok()) {
    put_answer(exchange, vault::render(exchange.request->id, *staged.response));
  } else {
    if (staged.response.error().code == ErrorCode::internal ||
        staged.response.error().code == ErrorCode::corrupt ||
        staged.response.error().code == ErrorCode::unavailable) {
      log::error(staged.response.error());
    }
    exchange.fail(staged.response.error());
  }
  return staged;
}

}  // namespace coffer::daemon
