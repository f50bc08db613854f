// The checks of RFC 9162 section 2.1, whose trees are those of RFC 6962.
#include "coffer/audit/tree.h"

namespace coffer::audit {
namespace {

Error unproven(std::string_view what) { return make_error(ErrorCode::corrupt, what); }

Error not_included() { return unproven("the proof does not lead from the line to the root"); }
Error not_consistent() {
  return unproven("the proof does not show that the older tree is the beginning of the newer");
}

}  // namespace

// Section 2.1.3.2, whose names these are.
Result<void> verify_inclusion(const TreeHash& leaf, std::uint64_t index, std::uint64_t size,
                              std::span<const TreeHash> proof, const TreeHash& root) {
  if (index >= size) return unproven("the line's number is not below the tree's size");
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  TreeHash r = leaf;
  for (const TreeHash& p : proof) {
    if (sn == 0) return not_included();
    if ((fn & 1U) != 0 || fn == sn) {
      COFFER_TRY(r, hash_node(p, r));
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      COFFER_TRY(r, hash_node(r, p));
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  if (sn != 0 || r != root) return not_included();
  return {};
}

// Section 2.1.4.2, whose names these are; before it what the section leaves out: trees of no leaves
// and of equal size, which have no proof.
Result<void> verify_consistency(std::uint64_t first, const TreeHash& first_root,
                                std::uint64_t second, const TreeHash& second_root,
                                std::span<const TreeHash> proof) {
  if (first > second) return unproven("the older tree is larger than the newer");
  if (first == 0) {
    COFFER_TRY(const TreeHash empty, Frontier().root());
    if (!proof.empty() || first_root != empty) return not_consistent();
    return {};
  }
  if (first == second) {
    if (!proof.empty() || first_root != second_root) return not_consistent();
    return {};
  }
  const bool perfect = std::has_single_bit(first);
  if (!perfect && proof.empty()) return not_consistent();
  std::uint64_t fn = first - 1;
  std::uint64_t sn = second - 1;
  while ((fn & 1U) != 0) {
    fn >>= 1U;
    sn >>= 1U;
  }
  TreeHash fr = perfect ? first_root : proof.front();
  TreeHash sr = fr;
  for (const TreeHash& c : perfect ? proof : proof.subspan(1)) {
    if (sn == 0) return not_consistent();
    if ((fn & 1U) != 0 || fn == sn) {
      COFFER_TRY(fr, hash_node(c, fr));
      COFFER_TRY(sr, hash_node(c, sr));
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      COFFER_TRY(sr, hash_node(sr, c));
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  if (fr != first_root || sr != second_root || sn != 0) return not_consistent();
  return {};
}

}  // namespace coffer::audit
