// What handling a key needs, whether a request or a rotation does it.
#pragma once

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

struct View {
  View(engine::Context& context)  // NOLINT(*-explicit-*): each request is such a view
      : tx(context.tx), mount(context.mount.uuid), now(context.now) {}
  View(engine::SealedTransaction& in, const Uuid& of, WallTime at) : tx(in), mount(of), now(at) {}

  engine::SealedTransaction& tx;
  Uuid mount;
  WallTime now;
};

}  // namespace coffer::engines::kv
