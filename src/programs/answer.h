// What a program says about a step. From a program that may be broken: read as strangers' input.
#pragma once

#include "coffer/programs/programs.h"

namespace coffer::programs {

/// The request on its standard input, in the words of AWS Secrets Manager's rotation functions.
[[nodiscard]] std::string request_text(const lifecycle::RotationCall& call);

/// By how it ended and what it wrote. Nothing of the output is in `why`.
[[nodiscard]] lifecycle::StepResult judge(lifecycle::RotationStep step, const Ran& ran);

}  // namespace coffer::programs
