// What the module does to the arguments and results of calls that it lets through.
#pragma once

#include "plan.h"

namespace coffer::p11_fault {

using Plan = Faults::Plan;

/// Encrypt, Decrypt, Sign: short, garble, zero.
void change_output(const Plan& plan, CK_RV rv, CK_BYTE* out, CK_ULONG* length);
void change_random(const Plan& plan, CK_RV rv, CK_BYTE* out, CK_ULONG length);
void change_token_info(const Plan& plan, CK_RV rv, CK_TOKEN_INFO* info);
void change_attributes(const Plan& plan, CK_RV& rv, CK_ATTRIBUTE* attributes, CK_ULONG count);

/// A copy of the template with the label cut; its pointers are the caller's.
[[nodiscard]] std::vector<CK_ATTRIBUTE> with_cut_label(const Plan& plan,
                                                       const CK_ATTRIBUTE* attributes,
                                                       CK_ULONG count);

}  // namespace coffer::p11_fault
