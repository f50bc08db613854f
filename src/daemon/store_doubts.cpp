#include "store_doubts.h"

#include "coffer/audit/anchor_line.h"
#include "coffer/audit/proof.h"
#include "coffer/core/authority.h"

namespace coffer::daemon {
namespace {

/// Commits that a kill may leave without a line, each of another thread.
constexpr std::uint64_t kUnderWay = 64;

Error refused(std::string text) {
  return make_error(ErrorCode::precondition, text.append(kHowToAccept));
}

/// Damage shows as `corrupt`; what to do about it is the same.
Error refused(const Error& found) {
  return found.code == ErrorCode::corrupt ? refused(found.text) : found;
}

/// Two copies that went on from one store have as many commits some day; their logs differ.
Result<void> compare_log(const KnownLog& log, const envelope::Anchor& anchor) {
  const audit::Checkpoint tree{audit::log_origin(anchor.node), anchor.log_lines, anchor.log_root};
  const auto begins = audit::beginning_of(log.directory, tree, log.keys);
  const std::string known = std::to_string(anchor.log_lines) + " lines";
  if (begins.ok() && *begins == audit::Beginning::other) {
    return refused("the audit log isn't the one of which the token knows the first " + known);
  }
  if (begins.ok() && *begins == audit::Beginning::unfounded) {
    return refused("the audit log begins behind the first " + known +
                   " that the token knows of, and no checkpoint of this vault covers what it says "
                   "of them: put the segments back that were archived, with their checkpoints");
  }
  if (begins.ok()) return {};
  if (begins.error().code != ErrorCode::not_found) return begins.error();
  return refused("the audit log is older than the token's anchor, which knows of " + known);
}

}  // namespace

std::string commit_number(std::uint64_t sequence) { return "commit " + std::to_string(sequence); }

Error refused_keyring(bool says_restored) {
  Error error = refused(
      "the store is older than signer.pem: a `sign` key signed its keyring that was rotated since");
  if (says_restored) error.text.insert(0, kSaysRestored);
  return error;
}

Error cut_accept() { return refused("the store is half taken on: accept-restore was cut short"); }

Error foreign_signer() {
  return make_error(ErrorCode::precondition,
                    "signer.pem is a key that neither the token nor the store knows: put back the "
                    "copy that was kept, or the token and the store that belong to it");
}

audit::StoreLine as_line(const envelope::StoreState& state) {
  return {state.sequence, to_hex(state.commitment)};
}

Result<void> compare_with_log(const envelope::StoreState& found,
                              const std::optional<audit::StoreLine>& logged) {
  if (!logged || logged->sequence < found.sequence) return {};
  if (logged->sequence > found.sequence) {
    return refused("the store is older than its audit log: it stands at " +
                   commit_number(found.sequence) + ", and the log knows of " +
                   commit_number(logged->sequence));
  }
  if (logged->commitment == as_line(found).commitment) return {};
  return refused("the store isn't the one that the audit log knows at " +
                 commit_number(found.sequence));
}

Result<void> compare_with_anchor(const envelope::StoreState& found, const Uuid& node,
                                 const KnownLog& log, const envelope::AnchorsFound& anchors) {
  if (!anchors.newest) {
    if (anchors.damaged == 0) return {};
    return refused("the anchor on the token can't be read, or isn't this vault's");
  }
  const envelope::Anchor& anchor = *anchors.newest;
  if (anchor.node != node) {
    return refused("the token's anchor is of another store: node " + to_string(anchor.node));
  }
  if (anchor.store.sequence > found.sequence) {
    return refused("the store is older than the token's anchor: it stands at " +
                   commit_number(found.sequence) + ", and the anchor knows of " +
                   commit_number(anchor.store.sequence));
  }
  if (anchor.store.sequence == found.sequence && anchor.store != found) {
    return refused("the store isn't the one that the token knows at " +
                   commit_number(found.sequence));
  }
  return compare_log(log, anchor);
}

Result<std::optional<std::string>> doubt_of_log(const KnownLog& log, const Uuid& node) {
  COFFER_TRY(const auto newest,
             audit::newest_signed(log.directory, audit::log_origin(node), log.keys));
  if (!newest) return std::optional<std::string>();
  const auto begins = audit::beginning_of(log.directory, *newest, log.keys);
  const std::string covered =
      "a checkpoint beside the audit log covers " + std::to_string(newest->size) + " lines, ";
  if (!begins.ok() && begins.error().code == ErrorCode::not_found) {
    return std::optional(covered + "and the log has fewer: lines were cut off");
  }
  if (!begins.ok()) return begins.error();
  if (*begins == audit::Beginning::other) {
    return std::optional(covered + "and the log has others in their place");
  }
  return std::optional<std::string>();
}

std::optional<std::string> doubt_of_account(std::uint64_t sequence,
                                            const std::optional<audit::StoreLine>& logged) {
  const std::uint64_t known = logged ? logged->sequence : 0;
  if (sequence <= known + kUnderWay) return std::nullopt;
  return "the store stands at " + commit_number(sequence) + ", and the audit log knows of " +
         (logged ? commit_number(known) : std::string("none")) + ": its end is missing";
}

Result<std::optional<envelope::Anchor>> anchor_told_of(const std::string& log,
                                                       const envelope::Keyring& keyring) {
  std::optional<envelope::Anchor> told;
  const auto is_ours = [&](const audit::AnchorLine& line) {
    const auto object = from_base64(line.object);
    const auto anchor = object.ok() ? envelope::open_own_anchor(*object, keyring)
                                    : Result<envelope::Anchor>(object.error());
    if (anchor.ok()) told = *anchor;
    return anchor.ok();
  };
  COFFER_CHECK(audit::last_anchor_line(log, is_ours));
  return told;
}

/// The token is written first, then the log: between the two it may be ahead, and never behind.
std::optional<std::string> doubt_of_token(const std::optional<envelope::Anchor>& newest,
                                          const std::optional<envelope::Anchor>& told) {
  if (!told || newest == told || (newest && newest->counter > told->counter)) return std::nullopt;
  const auto named = [](const envelope::Anchor& anchor) {
    return "number " + std::to_string(anchor.counter) + ", of " +
           commit_number(anchor.store.sequence);
  };
  return "the token holds " + (newest ? "anchor " + named(*newest) : std::string("no anchor")) +
         ", and the audit log tells that it was given " + named(*told);
}

Result<void> refuse_cut_log(const KnownLog& log, const Uuid& node) {
  COFFER_TRY(auto doubt, doubt_of_log(log, node));
  if (!doubt) return {};
  return refused(*std::move(doubt));
}

Result<void> refuse_lost_sums(const envelope::AnchorsFound& anchors) {
  if (!anchors.newest) return {};
  return refused("the store has lost its row sums: the token's anchor knows of " +
                 commit_number(anchors.newest->store.sequence));
}

Result<std::shared_ptr<envelope::RowSums>> sums_of(const envelope::Keyring& keyring,
                                                   store::Store& store,
                                                   const std::optional<audit::StoreLine>& logged,
                                                   bool restored) {
  auto sums = envelope::RowSums::load(keyring, store, core::authority_rows());
  if (!sums.ok() && sums.error().code == ErrorCode::not_found) {
    if (!logged) return std::shared_ptr<envelope::RowSums>();
    return refused("the store has lost its row sums: the audit log knows of " +
                   commit_number(logged->sequence));
  }
  if (!sums.ok()) return refused(sums.error());
  if (const auto checked = (*sums)->check_authority(); !checked.ok()) {
    return refused(checked.error());
  }
  COFFER_TRY(const envelope::StoreState state, (*sums)->state());
  if (!restored) COFFER_CHECK(compare_with_log(state, logged));
  return *std::move(sums);
}

}  // namespace coffer::daemon
