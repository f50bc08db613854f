#include "coffer/core/tally.h"

namespace coffer::core {

Tally::Outcome Tally::outcome_of(const Result<model::Response>& response) noexcept {
  if (response.ok()) return Outcome::served;
  switch (response.error().code) {
    case ErrorCode::unauthenticated:
    case ErrorCode::permission_denied: return Outcome::denied;
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::unsupported:
    case ErrorCode::precondition:
    case ErrorCode::limit_reached:
    case ErrorCode::too_large: return Outcome::refused;
    case ErrorCode::conflict:
    case ErrorCode::resource_exhausted:
    case ErrorCode::sealed:
    case ErrorCode::unavailable:
    case ErrorCode::corrupt:
    case ErrorCode::internal: return Outcome::failed;
  }
  return Outcome::failed;
}

}  // namespace coffer::core
