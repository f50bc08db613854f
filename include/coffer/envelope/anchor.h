// What a vault leaves on its token so that an older copy of all its files shows: how far store and
// log had come. docs/formats/anchor.md.
//
// Two data objects, written in turn: a write that is cut short leaves the other one whole.
#pragma once

#include <optional>

#include "coffer/envelope/row_sums.h"

namespace coffer::envelope {

struct Anchor {
  Uuid node{};                ///< of the store
  Uuid incarnation{};         ///< of the daemon that wrote it: random, new at each start
  std::uint64_t counter = 0;  ///< of the anchors of this vault on this token, from 1
  std::uint64_t epoch = 0;    ///< of the vault: restores that were released
  StoreState store{};
  std::uint64_t log_lines = 0;  ///< 0: the log isn't told of
  crypto::Sha256 log_root{};    ///< of the tree over so many lines
  WallTime written{};
  bool operator==(const Anchor&) const = default;
};

struct AnchorsFound {
  std::optional<Anchor> newest{};
  /// So many of the two are there and can't be read, stand there twice, or aren't signed by a key
  /// of the vault.
  int damaged = 0;
};

/// The public half of every `sign` key that the vault has or had.
[[nodiscard]] std::vector<Bytes> sign_keys(const Keyring& keyring);

/// Of the two data objects on the token that anchors of a vault are written to in turn.
[[nodiscard]] std::array<std::string, 2> anchor_labels(const Uuid& vault);

/// The stored form, signed by the keyring's token.
[[nodiscard]] Result<Bytes> sign_anchor(const Anchor& anchor, Keyring& keyring);
/// corrupt, with a fixed text: not an anchor of this vault, or signed by none of its keys, past or
/// present.
[[nodiscard]] Result<Anchor> open_anchor(ByteView stored, const Keyring& keyring);

/// As open_anchor(), by the key alone that the token at hand signs with now: the vault's other
/// tokens have anchors of their own.
[[nodiscard]] Result<Anchor> open_own_anchor(ByteView stored, const Keyring& keyring);

/// Errors as Token::read_data(); precondition: this make of token holds none.
[[nodiscard]] Result<AnchorsFound> read_anchors(pkcs11::Token& token, const Keyring& keyring);
/// In place of the older one; gives what stands there now. Errors as Token::write_data() and
/// sign().
[[nodiscard]] Result<Bytes> write_anchor(pkcs11::Token& token, Keyring& keyring,
                                         const Anchor& anchor);

}  // namespace coffer::envelope
