// Bundles of evidence and attestations: what was signed is found good, and whatever was done to it
// is found and named.
#include "coffer/audit/evidence.h"

#include <gtest/gtest.h>

#include "coffer/crypto/digest.h"
#include "fakes/rsa_signer.h"
#include "fakes/soft_signer.h"
#include "program_kit.h"

namespace coffer::audit {
namespace {

constexpr Uuid kVault{{7, 7}};

class EvidenceTest : public testing::Test {
 protected:
  void SetUp() override {
    keys_.bare.push_back(to_bytes(signer_->public_key()));
    add("keys/inventory.json", R"({"keys":[]})");
    add("config.json", "{}");
    add("empty", "");
    const std::string text = attestation_label(kVault) + "\nchallenge: 1\nserial: 42\n";
    add("attestation.note", *sign_note(text, *signer_));
    sign();
  }
  void add(const std::string& name, const std::string& content) {
    bundle_.files.emplace_back(name, content);
    manifest_.files.push_back({name, to_hex(*crypto::sha256(as_bytes(content))), content.size()});
  }
  void sign() {
    manifest_.vault = kVault;
    manifest_.time = "2026-01-01T00:00:00Z";
    manifest_.version = "1";
    const std::string note = *sign_note(*manifest_text(manifest_), *signer_);
    bundle_.files.insert(bundle_.files.begin(), {std::string(kManifestName), note});
  }
  std::string& content(std::size_t index) { return bundle_.files[index].second; }
  /// "FILE WHAT; …"
  std::string flaws(const Bundle& bundle) const {
    const auto report = verify_evidence(bundle, keys_);
    EXPECT_TRUE(report.ok());
    std::string all;
    for (const EvidenceFinding& flaw : report->flaws) all += flaw.file + " " + flaw.what + "; ";
    return all;
  }

  std::shared_ptr<crypto::Signer> signer_ = fakes::make_rsa_signer();
  TrustedKeys keys_;
  Manifest manifest_;
  Bundle bundle_;
};

TEST_F(EvidenceTest, WhatWasSignedIsGood) { EXPECT_EQ(flaws(bundle_), ""); }

TEST_F(EvidenceTest, EveryByteOfEveryFileCounts) {
  for (auto& [name, text] : bundle_.files) {
    const std::size_t step = name == kManifestName ? 1 : 3;
    for (std::size_t at = 0; at < text.size(); at += step) {
      text[at] = static_cast<char>(text[at] ^ 1);
      EXPECT_NE(flaws(bundle_).find(name), std::string::npos) << name << " byte " << at;
      text[at] = static_cast<char>(text[at] ^ 1);
    }
  }
  EXPECT_EQ(flaws(bundle_), "");
}

TEST_F(EvidenceTest, EachFileThatIsTakenOutIsNamed) {
  for (std::size_t i = 0; i < bundle_.files.size(); ++i) {
    Bundle less = bundle_;
    less.files.erase(less.files.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(flaws(less), bundle_.files[i].first + " is missing; ");
  }
}

TEST_F(EvidenceTest, EachTwoContentsThatAreSwappedAreNamed) {
  for (std::size_t i = 1; i < bundle_.files.size(); ++i) {
    for (std::size_t j = i + 1; j < bundle_.files.size(); ++j) {
      Bundle swapped = bundle_;
      std::swap(swapped.files[i].second, swapped.files[j].second);
      EXPECT_NE(flaws(swapped).find(bundle_.files[i].first), std::string::npos);
      EXPECT_NE(flaws(swapped).find(bundle_.files[j].first), std::string::npos);
    }
  }
}

TEST_F(EvidenceTest, WhatIsCutGrownAddedOrDoubledIsNamed) {
  Bundle cut = bundle_;
  cut.files[1].second.pop_back();
  EXPECT_EQ(flaws(cut), "keys/inventory.json has another size than was signed; ");
  Bundle more = bundle_;
  more.files.emplace_back("extra", "x");
  EXPECT_EQ(flaws(more), "extra isn't in the manifest: nobody signed it; ");
  Bundle twice = bundle_;
  twice.files.push_back(bundle_.files[2]);
  EXPECT_EQ(flaws(twice), "config.json is there twice; ");
}

TEST_F(EvidenceTest, AnotherKeysSignatureIsNone) {
  const auto other = std::make_unique<fakes::SoftSigner>(std::uint8_t{5});
  bundle_.files[0].second = *sign_note(*manifest_text(manifest_), *other);
  EXPECT_EQ(flaws(bundle_), "manifest.note none of the keys given signed it; ");
  keys_.bare.push_back(to_bytes(other->public_key()));
  EXPECT_EQ(flaws(bundle_), "");
}

TEST_F(EvidenceTest, AnotherVaultsAttestationDoesntServe) {
  bundle_.files.clear();
  manifest_.files.clear();
  add("attestation.note", *sign_note(attestation_label(Uuid{{8}}) + "\nchallenge: 1\n", *signer_));
  sign();
  EXPECT_EQ(flaws(bundle_), "attestation.note is another vault's; ");
}

TEST_F(EvidenceTest, AnotherNoteOfTheHouseIsNoManifest) {
  bundle_.files[0].second = content(4);  // the attestation, well signed
  EXPECT_EQ(flaws(bundle_),
            "manifest.note a manifest must be label, time, version, and a line for each file; ");
  const auto manifest = verify_attestation(*sign_note(*manifest_text(manifest_), *signer_), keys_);
  ASSERT_FALSE(manifest.ok());
  EXPECT_EQ(manifest.error().code, ErrorCode::corrupt);
}

TEST_F(EvidenceTest, WithoutAKeyNothingIsGood) {
  EXPECT_EQ(verify_evidence(bundle_, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(verify_attestation(content(4), {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EvidenceTest, KeysOfTheLogServeWhateverNameTheyHave) {
  TrustedKeys named;
  named.named.push_back(*note_key("coffer-audit/x", signer_->public_key()));
  const auto report = verify_evidence(bundle_, named);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->flaws.empty());
}

/// A copy of the log's file `signers`: this key up to line 20, then another.
TEST_F(EvidenceTest, ARetiredKeyIsTold) {
  const fakes::SoftSigner next(std::uint8_t{5});
  const auto line = [](ByteView spki, int since) {
    return to_text(*note_key("coffer-audit/x", spki)) + " since=" + std::to_string(since) + "\n";
  };
  const std::string old = line(signer_->public_key(), 1);
  const auto retired = [&](const std::string& signers) {
    TrustedKeys keys;
    EXPECT_TRUE(add_keys(keys, signers).ok());
    const auto report = verify_evidence(bundle_, keys);
    EXPECT_TRUE(report.ok() && report->flaws.empty() && report->signer && report->attester);
    EXPECT_EQ(report->signer->key.spki, to_bytes(signer_->public_key()));
    EXPECT_EQ(report->signer->retired, report->attester->retired);
    EXPECT_EQ(verify_attestation(content(4), keys)->signer.retired, report->signer->retired);
    return report->signer->retired;
  };
  EXPECT_EQ(retired(old), std::nullopt);
  EXPECT_EQ(retired(old + line(next.public_key(), 20)), 20U);
  EXPECT_EQ(retired(old + line(next.public_key(), 20) + line(signer_->public_key(), 30)),
            std::nullopt)
      << "it came back";
  TrustedKeys both;
  ASSERT_TRUE(add_keys(both, old).ok());
  ASSERT_TRUE(add_keys(both, old + line(next.public_key(), 20)).ok());
  EXPECT_EQ(verify_evidence(bundle_, both)->signer->retired, 20U) << "an older copy beside it";
  EXPECT_EQ(verify_evidence(bundle_, keys_)->signer->retired, std::nullopt);
}

/// Who has an old key may not sign evidence of now.
TEST_F(EvidenceTest, TheProgramDoubtsARetiredKeyAndRefusesOneThatIsOlderThanTheLog) {
  const std::string directory = testing::TempDir() + "retired-" + std::to_string(::getpid());
  std::filesystem::create_directories(directory + "/keys");
  std::filesystem::create_directories(directory + "/audit");
  const auto write = [&](const std::string& name, const std::string& text) {
    std::FILE* file = std::fopen((directory + "/" + name).c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  fakes::SoftSigner next(std::uint8_t{5});
  const std::string name = "coffer-audit/00000000-0000-0000-0000-000000000000";
  write("signers", to_text(*note_key(name, signer_->public_key())) + " since=1\n" +
                       to_text(*note_key(name, next.public_key())) + " since=20\n");
  const std::string with_keys = " -key=" + directory + "/signers ";
  write("note", content(4));
  test::Ran ran = test::run("verify-attestation" + with_keys + directory + "/note");
  EXPECT_EQ(ran.status, 3);
  EXPECT_NE(ran.output.find("a key that was retired at line 20"), std::string::npos) << ran.output;
  for (const std::uint64_t lines : {20U, 21U}) {
    bundle_.files.clear();
    manifest_.files.clear();
    add("audit/verified.json",
        R"({"good":true,"status":0,"with_key":true,"doubts":[],"signed_lines":)" +
            std::to_string(lines) + "}");
    add("audit/checkpoints", *sign_checkpoint({name, lines, TreeHash{}}, next));
    add("missing.json", "[]");
    sign();
    std::string names;
    for (const auto& [file, text] : bundle_.files) {
      write(file, text);
      names += " " + file;
    }
    ASSERT_EQ(std::system(("tar -C " + directory + " -cf " + directory + "/b.tar" + names).c_str()),
              0);
    ran = test::run("verify-evidence" + with_keys + directory + "/b.tar");
    EXPECT_EQ(ran.status, lines == 20 ? 3 : 2) << ran.output;
    EXPECT_NE(ran.output.find("a key that was retired at line 20"), std::string::npos)
        << ran.output;
    EXPECT_NE(ran.output.find("\nsigned by       "), std::string::npos) << ran.output;
  }
  std::filesystem::remove_all(directory);
}

TEST_F(EvidenceTest, ManifestsHaveOneSpelling) {
  const std::string text = *manifest_text(manifest_);
  ASSERT_TRUE(parse_manifest(text).ok());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto cut = parse_manifest(std::string_view(text).substr(0, size));
    // At the end of a line it is a shorter manifest: the signature tells.
    const bool whole_lines = size > 0 && text[size - 1] == '\n';
    EXPECT_TRUE(whole_lines || !cut.ok()) << size;
  }
  EXPECT_FALSE(parse_manifest(text + text.substr(text.rfind('\n', text.size() - 2) + 1)).ok());
  EXPECT_FALSE(parse_manifest(text + "\n").ok());
}

TEST_F(EvidenceTest, TheLargestManifestIsANoteStill) {
  Manifest all{.vault = kVault, .time = manifest_.time, .version = "1", .files = {}};
  while (all.files.size() < kMaxEvidenceFiles) {
    std::string name = std::to_string(all.files.size());
    name.resize(kMaxEvidenceName, 'x');
    all.files.push_back({name, std::string(64, 'a'), 9'999'999'999});
  }
  const auto note = parse_note(*sign_note(*manifest_text(all), *signer_));
  ASSERT_TRUE(note.ok()) << note.error().text;
  EXPECT_EQ(parse_manifest(note->text)->files, all.files);
  all.files.push_back({"one-more", std::string(64, 'a'), 1});
  EXPECT_EQ(manifest_text(all).error().code, ErrorCode::invalid_argument);
}

TEST_F(EvidenceTest, TheProgramFindsItInATarFile) {
  const std::string directory = testing::TempDir() + "evidence-" + std::to_string(::getpid());
  std::filesystem::create_directories(directory + "/keys");
  const auto write = [&](const std::string& name, const std::string& text) {
    std::FILE* file = std::fopen((directory + "/" + name).c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  write("key.pem", crypto::pem_from_spki(signer_->public_key()));
  std::string names;
  for (const auto& [name, text] : bundle_.files) {
    write(name, text);
    names += " " + name;
  }
  const auto tar = [&] {
    return std::system(("tar -C " + directory + " -cf " + directory + "/b.tar" + names).c_str());
  };
  const std::string command = "verify-evidence -key=" + directory + "/key.pem ";
  ASSERT_EQ(tar(), 0);
  test::Ran ran = test::run(command + directory + "/b.tar");
  EXPECT_EQ(ran.status, 3) << "signed, and without a log: " << ran.output;
  write("config.json", "{ }");
  ASSERT_EQ(tar(), 0);
  ran = test::run(command + "-format=json " + directory + "/b.tar");
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.output.find(R"("file":"config.json","what":"has another size)"), std::string::npos)
      << ran.output;
  std::filesystem::create_symlink("/etc/passwd", directory + "/link");
  names += " link";
  ASSERT_EQ(tar(), 0);
  EXPECT_EQ(test::run(command + directory + "/b.tar").status, 2);
  EXPECT_EQ(test::run(command + directory + "/key.pem").status, 2) << "no tar file";
  EXPECT_EQ(test::run(command + directory + "/none.tar").status, 1);
  write("note", content(4));
  const std::string attest = "verify-attestation -key=" + directory + "/key.pem ";
  EXPECT_EQ(test::run(attest + "-challenge=1 " + directory + "/note").status, 0);
  EXPECT_EQ(test::run(attest + "-challenge=2 " + directory + "/note").status, 2);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace coffer::audit
