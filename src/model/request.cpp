#include "coffer/model/request.h"

namespace coffer::model {

std::string_view to_string(Operation operation) noexcept {
  switch (operation) {
    case Operation::read: return "read";
    case Operation::list: return "list";
    case Operation::scan: return "scan";
    case Operation::create: return "create";
    case Operation::update: return "update";
    case Operation::patch: return "patch";
    case Operation::remove: return "delete";
    case Operation::help: return "help";
  }
  return "unknown";
}

}  // namespace coffer::model
