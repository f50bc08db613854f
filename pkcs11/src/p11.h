// The C API of PKCS#11 and p11-kit, and what owns their objects. Included in this room alone.
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <memory>

namespace coffer::pkcs11 {

struct UriFree {
  void operator()(P11KitUri* uri) const noexcept { p11_kit_uri_free(uri); }
};
using UriHandle = std::unique_ptr<P11KitUri, UriFree>;

/// PKCS#11 takes its inputs by pointers that aren't const; modules only read them.
template <typename T>
[[nodiscard]] CK_BYTE_PTR in(const T& bytes) noexcept {
  return const_cast<CK_BYTE_PTR>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace coffer::pkcs11
