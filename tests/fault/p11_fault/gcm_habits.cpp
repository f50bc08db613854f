#include "gcm_habits.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "behind.h"

namespace coffer::p11_fault {
namespace {

using Iv = std::array<CK_BYTE, 12>;

struct Operation {
  Effect habit{};
  Iv iv{};
  CK_BYTE* write_to = nullptr;  ///< the caller's IV, if it is to be written back
};

struct State {
  std::mutex mutex;
  std::map<CK_SESSION_HANDLE, Operation> encryptions;
};

State& state() {
  static auto* const instance = new State;
  return *instance;
}

void put(CK_SESSION_HANDLE session, Operation operation) {
  const std::lock_guard lock(state().mutex);
  state().encryptions[session] = operation;
}

std::optional<Operation> get(CK_SESSION_HANDLE session, bool keep) {
  const std::lock_guard lock(state().mutex);
  auto& all = state().encryptions;
  const auto found = all.find(session);
  if (found == all.end()) return std::nullopt;
  Operation operation = found->second;
  if (!keep) all.erase(found);
  return operation;
}

CK_GCM_PARAMS* gcm_of(CK_MECHANISM* mechanism) {
  if (mechanism == nullptr || mechanism->mechanism != CKM_AES_GCM) return nullptr;
  return static_cast<CK_GCM_PARAMS*>(mechanism->pParameter);
}

std::optional<Effect> habit_of(const Plan& plan) {
  if (plan.find(Effect::iv_appended) != nullptr) return Effect::iv_appended;
  if (plan.find(Effect::iv_written_back) != nullptr) return Effect::iv_written_back;
  return std::nullopt;
}

CK_MECHANISM mechanism_with(CK_GCM_PARAMS& params, Iv& iv) {
  params.pIv = iv.data();
  params.ulIvLen = iv.size();
  params.ulIvBits = iv.size() * 8;
  return {CKM_AES_GCM, &params, sizeof params};
}

}  // namespace

CK_RV encrypt_init(const Plan& plan, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                   CK_OBJECT_HANDLE key) {
  CK_GCM_PARAMS* const asked = gcm_of(mechanism);
  const auto habit = habit_of(plan);
  static_cast<void>(get(session, false));
  if (asked == nullptr || !habit) return behind()->C_EncryptInit(session, mechanism, key);
  Operation operation{.habit = *habit};
  if (*habit == Effect::iv_written_back) {
    const bool zero = asked->pIv != nullptr && asked->ulIvLen == operation.iv.size() &&
                      std::all_of(asked->pIv, asked->pIv + asked->ulIvLen,
                                  [](CK_BYTE byte) { return byte == 0; });
    if (!zero) return CKR_MECHANISM_PARAM_INVALID;
    operation.write_to = asked->pIv;
  }
  if (::getrandom(operation.iv.data(), operation.iv.size(), 0) < 0) return CKR_GENERAL_ERROR;
  CK_GCM_PARAMS params = *asked;
  CK_MECHANISM own = mechanism_with(params, operation.iv);
  const CK_RV rv = behind()->C_EncryptInit(session, &own, key);
  if (rv == CKR_OK) put(session, operation);
  return rv;
}

CK_RV encrypt(CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG size, CK_BYTE* out,
              CK_ULONG* length) {
  const bool length_only = out == nullptr;
  const auto operation = get(session, length_only);
  if (!operation || operation->habit == Effect::iv_written_back) {
    const CK_RV rv = behind()->C_Encrypt(session, data, size, out, length);
    if (operation && rv == CKR_OK && !length_only) {
      std::copy(operation->iv.begin(), operation->iv.end(), operation->write_to);
    }
    return rv;
  }
  const Iv& iv = operation->iv;
  CK_ULONG room = length_only ? 0 : *length - std::min<CK_ULONG>(*length, iv.size());
  const CK_RV rv = behind()->C_Encrypt(session, data, size, out, &room);
  if (rv == CKR_OK && !length_only) std::copy(iv.begin(), iv.end(), out + room);
  *length = room + iv.size();
  return rv;
}

}  // namespace coffer::p11_fault
