#include "changes.h"

#include <algorithm>
#include <cstring>

namespace coffer::p11_fault {

void change_output(const Plan& plan, CK_RV rv, CK_BYTE* out, CK_ULONG* length) {
  if (rv != CKR_OK || out == nullptr || *length == 0) return;
  if (plan.find(Effect::garble) != nullptr) out[0] ^= 0x55U;
  if (plan.find(Effect::zero) != nullptr) std::memset(out, 0, *length);
  if (const Rule* const rule = plan.find(Effect::short_output)) {
    *length -= std::min<CK_ULONG>(*length, rule->number);
  }
}

void change_random(const Plan& plan, CK_RV rv, CK_BYTE* out, CK_ULONG length) {
  CK_ULONG written = length;
  change_output(plan, rv, out, &written);
}

void change_token_info(const Plan& plan, CK_RV rv, CK_TOKEN_INFO* info) {
  if (rv != CKR_OK) return;
  if (const Rule* const rule = plan.find(Effect::serial)) {
    std::fill(std::begin(info->serialNumber), std::end(info->serialNumber), CK_BYTE{' '});
    std::copy_n(rule->text.begin(), std::min(rule->text.size(), sizeof info->serialNumber),
                std::begin(info->serialNumber));
  }
  if (const Rule* const rule = plan.find(Effect::flags)) info->flags |= rule->number;
  if (const Rule* const rule = plan.find(Effect::sessions)) info->ulMaxSessionCount = rule->number;
}

void change_attributes(const Plan& plan, CK_RV& rv, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  if (rv != CKR_OK) return;
  for (const Rule* const rule : plan.rules) {
    if (rule->effect != Effect::attribute) continue;
    for (CK_ULONG i = 0; i < count; ++i) {
      CK_ATTRIBUTE& attribute = attributes[i];
      if (attribute.type != rule->number) continue;
      if (attribute.pValue != nullptr && attribute.ulValueLen < rule->text.size()) {
        rv = CKR_BUFFER_TOO_SMALL;
        continue;
      }
      attribute.ulValueLen = rule->text.size();
      if (attribute.pValue != nullptr) {
        std::memcpy(attribute.pValue, rule->text.data(), rule->text.size());
      }
    }
  }
}

std::vector<CK_ATTRIBUTE> with_cut_label(const Plan& plan, const CK_ATTRIBUTE* attributes,
                                         CK_ULONG count) {
  std::vector<CK_ATTRIBUTE> copy(attributes, attributes + count);
  if (const Rule* const rule = plan.find(Effect::labels)) {
    for (CK_ATTRIBUTE& attribute : copy) {
      if (attribute.type != CKA_LABEL) continue;
      attribute.ulValueLen = std::min<CK_ULONG>(attribute.ulValueLen, rule->number);
    }
  }
  return copy;
}

}  // namespace coffer::p11_fault
