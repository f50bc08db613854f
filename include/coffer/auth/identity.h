// Who is calling, as auth made it out.
#pragma once

#include <memory>

#include "coffer/model/caller.h"

namespace coffer::auth {

struct Identity {
  std::shared_ptr<const model::Caller> caller;
  /// The credential has a limited number of uses: call Tokens::spend() in the transaction that is
  /// committed, also when the request itself fails.
  bool counted = false;
};

}  // namespace coffer::auth
