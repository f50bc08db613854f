// Whether the store is the one that the vault left: its sums, and what the audit log says of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coffer/audit/known.h"
#include "coffer/audit/store_line.h"
#include "coffer/envelope/anchor.h"
#include "coffer/envelope/row_sums.h"

namespace coffer::daemon {

/// What an operator is told who is to take on a store that isn't the one that the vault left.
inline constexpr std::string_view kHowToAccept =
    " (cofferd accept-restore takes it on, and says what that means)";

/// For people.
[[nodiscard]] std::string commit_number(std::uint64_t sequence);

/// What an operator is told before that where the store bears the mark of a restore.
inline constexpr std::string_view kSaysRestored =
    "the store says that it was restored from a backup, which cofferd root-token takes on: ";

/// precondition: a `sign` key signed the stored keyring that was rotated since.
[[nodiscard]] Error refused_keyring(bool says_restored);

/// precondition: whoever took the store on isn't done.
[[nodiscard]] Error cut_accept();

/// precondition, and nothing that is to be accepted: who took it on would let whoever can write
/// that file, or bring a vault of their own beside it, say which key is trusted.
[[nodiscard]] Error foreign_signer();

[[nodiscard]] audit::StoreLine as_line(const envelope::StoreState& state);

/// precondition, with what is wrong: the log knows of a later commit, or of another one in this
/// one's place. `logged`: the newest that the log has, if it has any.
[[nodiscard]] Result<void> compare_with_log(const envelope::StoreState& found,
                                            const std::optional<audit::StoreLine>& logged);

struct KnownLog {
  std::string directory;
  audit::TrustedKeys keys{};  ///< the vault's, which sign its checkpoints
};

/// precondition, with what is wrong: the token knows of a later store or log of this vault, or of
/// others in their place.
[[nodiscard]] Result<void> compare_with_anchor(const envelope::StoreState& found, const Uuid& node,
                                               const KnownLog& log,
                                               const envelope::AnchorsFound& anchors);

/// What is wrong with the log by the newest checkpoint beside it that this vault signed, for
/// people; nullopt: nothing. Only synced lines are signed, so with a log that is durable against a
/// power cut somebody took lines away, or wrote others.
[[nodiscard]] Result<std::optional<std::string>> doubt_of_log(const KnownLog& log,
                                                              const Uuid& node);

/// What is odd about a store of that commit beside a log whose newest word about it is `logged`.
/// Each commit is in the log at once; a kill leaves out the last one, and what was under way.
[[nodiscard]] std::optional<std::string> doubt_of_account(
    std::uint64_t sequence, const std::optional<audit::StoreLine>& logged);

/// The newest anchor that the log says this token was given; nullopt: it doesn't say, or only long
/// ago. Errors as audit::last_anchor_line().
[[nodiscard]] Result<std::optional<envelope::Anchor>> anchor_told_of(
    const std::string& log, const envelope::Keyring& keyring);

/// What is odd about a token that was given `told` and has `newest`, for people; nullopt: nothing.
[[nodiscard]] std::optional<std::string> doubt_of_token(
    const std::optional<envelope::Anchor>& newest, const std::optional<envelope::Anchor>& told);

/// precondition: doubt_of_log() has one.
[[nodiscard]] Result<void> refuse_cut_log(const KnownLog& log, const Uuid& node);

/// A store without sums, and a token whose anchor knows of some: precondition.
[[nodiscard]] Result<void> refuse_lost_sums(const envelope::AnchorsFound& anchors);

/// The sums that the store has, if they are right for the rows of authority; nullptr: it has none,
/// and the log knows of none. precondition: the store isn't as the vault left it. `restored`: an
/// operator says that it is older than the log on purpose; its rows have to be right all the same.
[[nodiscard]] Result<std::shared_ptr<envelope::RowSums>> sums_of(
    const envelope::Keyring& keyring, store::Store& store,
    const std::optional<audit::StoreLine>& logged, bool restored);

}  // namespace coffer::daemon
