// Between the bytes of HTTP and the pipeline: what a worker does with one exchange. No socket here:
// the fuzzers and tests drive it directly.
#pragma once

#include "coffer/core/pipeline.h"
#include "exchange.h"

namespace coffer::daemon {

/// Understands the message, runs the pipeline, renders the answer into the exchange. nullopt: the
/// message meant nothing, the answer says so, and nothing needs to become durable; or
/// `exchange.slow`: it isn't for the lane that this worker serves. In the slow lane all is served.
[[nodiscard]] std::optional<core::Staged> serve(Exchange& exchange, const core::Pipeline& pipeline,
                                                const Clock& clock,
                                                engine::Lane here = engine::Lane::slow);

}  // namespace coffer::daemon
