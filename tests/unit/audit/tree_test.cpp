// The tree against known answers, and against the RFC's own recursive definitions.
#include "coffer/audit/tree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace coffer::audit::test {
namespace {

using Leaves = std::vector<std::string>;

/// The inputs and roots that Certificate Transparency's implementations share.
const Leaves& known_leaves() {
  static const Leaves leaves = [] {
    Leaves made;
    for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                            "606162636465666768696a6b6c6d6e6f"}) {
      made.emplace_back(as_text(*from_hex(hex)));
    }
    return made;
  }();
  return leaves;
}
constexpr const char* kKnownRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// RFC 6962 section 2.1 word for word, over whole lists: slow, and without anything incremental.

TreeHash naive_root(std::span<const std::string> d) {
  if (d.empty()) return *crypto::sha256(ByteView());
  if (d.size() == 1) return *crypto::sha256(as_bytes(std::string(1, '\0') + d[0]));
  std::size_t k = 1;
  while (2 * k < d.size()) k *= 2;
  std::string both(1, '\1');
  both.append(as_text(naive_root(d.first(k)))).append(as_text(naive_root(d.subspan(k))));
  return *crypto::sha256(as_bytes(both));
}

std::vector<TreeHash> naive_path(std::size_t m, std::span<const std::string> d) {
  if (d.size() == 1) return {};
  std::size_t k = 1;
  while (2 * k < d.size()) k *= 2;
  auto path = m < k ? naive_path(m, d.first(k)) : naive_path(m - k, d.subspan(k));
  path.push_back(m < k ? naive_root(d.subspan(k)) : naive_root(d.first(k)));
  return path;
}

std::vector<TreeHash> naive_subproof(std::size_t m, std::span<const std::string> d, bool whole) {
  if (m == d.size()) return whole ? std::vector<TreeHash>() : std::vector{naive_root(d)};
  std::size_t k = 1;
  while (2 * k < d.size()) k *= 2;
  auto proof =
      m <= k ? naive_subproof(m, d.first(k), whole) : naive_subproof(m - k, d.subspan(k), false);
  proof.push_back(m <= k ? naive_root(d.subspan(k)) : naive_root(d.first(k)));
  return proof;
}

Leaves numbered(std::size_t count) {
  Leaves leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back("line " + std::to_string(i));
  return leaves;
}

Frontier grown(std::span<const std::string> leaves) {
  Frontier frontier;
  for (const std::string& leaf : leaves) EXPECT_TRUE(frontier.append(*hash_leaf(leaf)).ok());
  return frontier;
}

/// As a pass that begins at `from` works them out.
Result<std::vector<TreeHash>> roots_of(std::span<const LeafRange> ranges,
                                       std::span<const std::string> leaves, std::size_t from) {
  RangeHasher hasher(ranges, grown(leaves.first(from)));
  for (const std::string& leaf : leaves.subspan(from)) {
    COFFER_CHECK(hasher.append(*hash_leaf(leaf)));
  }
  return hasher.roots();
}

TEST(Tree, HasTheRootsOfCertificateTransparencysVectors) {
  for (std::size_t size = 0; size <= known_leaves().size(); ++size) {
    const Frontier frontier = grown(std::span(known_leaves()).first(size));
    EXPECT_EQ(to_hex(*frontier.root()), kKnownRoots[size]) << size;
  }
}

TEST(Tree, ProvesInclusionAsInCertificateTransparencysVectors) {
  const auto path = *roots_of(inclusion_ranges(5, 8), known_leaves(), 0);
  ASSERT_EQ(path.size(), 3U);
  EXPECT_EQ(to_hex(path[0]), "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  EXPECT_EQ(to_hex(path[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(to_hex(path[2]), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(Tree, ProvesConsistencyAsInCertificateTransparencysVectors) {
  const auto proof = *roots_of(consistency_ranges(6, 8), known_leaves(), 0);
  ASSERT_EQ(proof.size(), 3U);
  EXPECT_EQ(to_hex(proof[0]), "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
  EXPECT_EQ(to_hex(proof[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(to_hex(proof[2]), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(Tree, GrowsLikeTheDefinitionAtEverySize) {
  const Leaves leaves = numbered(70);
  Frontier frontier;
  for (std::size_t size = 0; size < leaves.size(); ++size) {
    EXPECT_EQ(*frontier.root(), naive_root(std::span(leaves).first(size))) << size;
    ASSERT_TRUE(frontier.append(*hash_leaf(leaves[size])).ok());
  }
}

TEST(Tree, GoesOnFromItsKeptHashes) {
  const Leaves leaves = numbered(37);
  for (std::size_t kept = 0; kept <= leaves.size(); ++kept) {
    const Frontier before = grown(std::span(leaves).first(kept));
    auto again = Frontier::from(before.size(), before.hashes());
    ASSERT_TRUE(again.ok());
    for (const std::string& leaf : std::span(leaves).subspan(kept)) {
      ASSERT_TRUE(again->append(*hash_leaf(leaf)).ok());
    }
    EXPECT_EQ(*again->root(), naive_root(leaves)) << kept;
  }
}

TEST(Tree, RefusesKeptHashesOfAnotherNumber) {
  const std::vector<TreeHash> two(2);
  EXPECT_EQ(Frontier::from(4, two).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(Frontier::from(7, two).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(Frontier::from(0, two).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(Frontier::from(3, two).ok());
}

TEST(Tree, ProvesEveryLeafOfEveryTreeAndNothingElse) {
  const Leaves leaves = numbered(33);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const TreeHash root = naive_root(tree);
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = *roots_of(inclusion_ranges(index, size), tree, 0);
      ASSERT_EQ(proof, naive_path(index, tree)) << index << " of " << size;
      const TreeHash leaf = *hash_leaf(leaves[index]);
      EXPECT_TRUE(verify_inclusion(leaf, index, size, proof, root).ok());
      EXPECT_FALSE(verify_inclusion(*hash_leaf("other"), index, size, proof, root).ok());
      EXPECT_FALSE(
          verify_inclusion(leaf, index, size, proof, leaf == root ? TreeHash{} : leaf).ok());
      for (std::size_t other = 0; other < size + 2; ++other) {
        if (other == index) continue;
        EXPECT_FALSE(verify_inclusion(leaf, other, size, proof, root).ok());
      }
    }
  }
}

TEST(Tree, ProvesEveryTreeToBeTheBeginningOfEveryLater) {
  const Leaves leaves = numbered(33);
  for (std::size_t second = 1; second <= leaves.size(); ++second) {
    const auto tree = std::span(leaves).first(second);
    const TreeHash root = naive_root(tree);
    for (std::size_t first = 1; first <= second; ++first) {
      const TreeHash old = naive_root(tree.first(first));
      const auto proof = *roots_of(consistency_ranges(first, second), tree, 0);
      ASSERT_EQ(proof, naive_subproof(first, tree, true)) << first << " in " << second;
      EXPECT_TRUE(verify_consistency(first, old, second, root, proof).ok());
      EXPECT_FALSE(verify_consistency(first, TreeHash{}, second, root, proof).ok());
      EXPECT_FALSE(verify_consistency(first, old, second, TreeHash{}, proof).ok());
    }
  }
}

TEST(Tree, ProvesTheEmptyTreeOnlyByItsRoot) {
  const TreeHash empty = *Frontier().root();
  EXPECT_TRUE(verify_consistency(0, empty, 5, TreeHash{}, {}).ok());
  EXPECT_FALSE(verify_consistency(0, TreeHash{}, 5, TreeHash{}, {}).ok());
  EXPECT_FALSE(verify_consistency(0, empty, 5, TreeHash{}, std::vector<TreeHash>(1)).ok());
  EXPECT_FALSE(verify_consistency(6, empty, 5, empty, {}).ok());
}

/// What a pass can't see it takes from the kept hashes of what lies before it.
TEST(Tree, MakesTheSameProofsFromAnyPlaceBeforeTheLeaf) {
  const Leaves leaves = numbered(29);
  for (std::size_t index = 0; index < leaves.size(); ++index) {
    for (std::size_t from = 0; from <= index; ++from) {
      const auto proof = roots_of(inclusion_ranges(index, leaves.size()), leaves, from);
      ASSERT_TRUE(proof.ok()) << index << " from " << from;
      EXPECT_EQ(*proof, naive_path(index, leaves));
    }
  }
}

TEST(Tree, SaysThatAProofNeedsLinesThatAreGone) {
  const Leaves leaves = numbered(29);
  EXPECT_EQ(roots_of(inclusion_ranges(3, 29), leaves, 8).error().code, ErrorCode::not_found);
  const auto first = std::span(leaves).first(20);
  EXPECT_EQ(roots_of(inclusion_ranges(3, 29), first, 0).error().code, ErrorCode::not_found);
}

RC_GTEST_PROP(Tree, AChangedProofShowsNothing, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(2, 200);
  const auto first = *rc::gen::inRange<std::size_t>(1, size);
  const Leaves leaves = numbered(size);
  const auto tree = std::span<const std::string>(leaves);
  auto path = naive_path(first, tree);
  auto proof = naive_subproof(first, tree, true);
  const auto change = [](std::vector<TreeHash>& hashes) {
    const auto place = *rc::gen::inRange<std::size_t>(0, hashes.size() * 32);
    const auto bit = *rc::gen::inRange<unsigned>(0, 8);
    hashes[place / 32][place % 32] ^= static_cast<std::uint8_t>(1U << bit);
  };
  const TreeHash root = naive_root(tree);
  const TreeHash old = naive_root(tree.first(first));
  RC_ASSERT(verify_inclusion(*hash_leaf(leaves[first]), first, size, path, root).ok());
  RC_ASSERT(verify_consistency(first, old, size, root, proof).ok());
  change(path);
  change(proof);
  RC_ASSERT(!verify_inclusion(*hash_leaf(leaves[first]), first, size, path, root).ok());
  RC_ASSERT(!verify_consistency(first, old, size, root, proof).ok());
}

RC_GTEST_PROP(Tree, AProofOfAnotherLengthShowsNothing, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(2, 200);
  const auto first = *rc::gen::inRange<std::size_t>(1, size);
  const Leaves leaves = numbered(size);
  auto path = naive_path(first, leaves);
  auto proof = naive_subproof(first, leaves, true);
  const TreeHash root = naive_root(leaves);
  const TreeHash old = naive_root(std::span(leaves).first(first));
  if (*rc::gen::arbitrary<bool>()) {
    path.pop_back();
    proof.pop_back();
  } else {
    path.push_back(root);
    proof.push_back(root);
  }
  RC_ASSERT(!verify_inclusion(*hash_leaf(leaves[first]), first, size, path, root).ok());
  RC_ASSERT(!verify_consistency(first, old, size, root, proof).ok());
}

}  // namespace
}  // namespace coffer::audit::test
