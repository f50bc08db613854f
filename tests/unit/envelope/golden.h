// The worked examples of docs/formats/, made by tests/golden/envelope/generate.py.
#pragma once

#include <map>
#include <memory>

#include "coffer/envelope/sealed_store.h"
#include "fixed_token.h"

namespace coffer::envelope {

using Examples = std::map<std::string, Bytes>;

/// `name = hex` lines; a line that starts with a blank goes on with the one before.
[[nodiscard]] Examples parse_examples(std::string_view text);
[[nodiscard]] std::string read_text(const std::string& path);

/// tests/golden/envelope/v1.txt, v2.txt and anchor.txt
[[nodiscard]] const Examples& golden();
/// Fails the test if there is no such value.
[[nodiscard]] const Bytes& golden(const std::string& name);
[[nodiscard]] Uuid golden_id(const std::string& name);
[[nodiscard]] std::string golden_text(const std::string& name);

/// The token of the examples, and the keyring of the examples, opened with it.
[[nodiscard]] std::unique_ptr<FixedToken> golden_token(std::uint32_t kek = 1,
                                                       std::uint32_t sign = 1);
[[nodiscard]] std::unique_ptr<Keyring> golden_keyring(pkcs11::Token& token);

}  // namespace coffer::envelope
