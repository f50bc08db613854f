// What a ticket gathers until its lines are rendered.
#pragma once

#include <memory>
#include <string>

#include "coffer/audit/trail.h"

namespace coffer::audit {

/// Facts are kept as rendered members: they are written twice, in either line.
struct Ticket::State {
  Log& log;
  std::shared_ptr<const Hasher> hasher;  ///< null while sealed
  const Clock& clock;
  const model::Request& request;
  const model::Peer& peer;

  std::string mount{};           ///< of "request"
  std::string request_token{};   ///< of "request"
  std::string auth{};            ///< of "auth"
  std::string policy_results{};  ///< a whole object
  std::string rule{};            ///< a whole object
  std::string facts{};           ///< all of them together; empty: to be rendered
  bool durable = false;

  [[nodiscard]] const std::string& rendered_facts();
  [[nodiscard]] Line request_line();
  /// Without what only a response has; room for `extra` bytes of that.
  [[nodiscard]] Line response_line(std::size_t extra);
};

}  // namespace coffer::audit
