// Certificates that OpenSSH 9.2's ssh-keygen made, with the keys that they are for: vectors from
// someone else's implementation. The private keys are kept nowhere.
#pragma once

namespace coffer::engines::ssh {

struct Vector {
  const char* key;          ///< as in the .pub file
  const char* certificate;  ///< as in the -cert.pub file, without its comment
  const char* nonce;        ///< hexadecimal
  const char* signature;    ///< r and s, 32 bytes each, hexadecimal
};

inline constexpr const char* kVectorCa =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBH+TjWwazwyk+2PL"
    "6p4GqNiXSHcNUf6K6A/P3jwVyRyq5x4ukppqqHNcTtOCEppzn9PArFeoH5gjdSmtLhZGIqo=";

inline constexpr Vector kEd25519Vector = {
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGEIh4eCheTS4va1ZYfVv0kOg7nXlAeNzTvhviCBOsQM me@here",
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAILh"
    "3IdmeM6X1cYNo30Oea7SbrXz+7DFEBjjWC0XQSV8IAAAAIGEIh4eCheTS4va1ZYfVv0kOg7nXlAeNzTvhviCBOsQ"
    "M/ty6mHZUMhAAAAABAAAABmtleSBpZAAAABAAAAAFYWxpY2UAAAADYm9iAAAAAGlVuQAAAAAAaVcKgAAAAEYAAAA"
    "NZm9yY2UtY29tbWFuZAAAAA0AAAAJL2Jpbi90cnVlAAAADnNvdXJjZS1hZGRyZXNzAAAADgAAAAoxMC4wLjAuMC8"
    "4AAAAMQAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAAAAAAaAAAABN"
    "lY2RzYS1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQR/k41sGs8MpPtjy+qeBqjYl0h3DVH+iugPz948Fck"
    "cquceLpKaaqhzXE7TghKac5/TwKxXqB+YI3UprS4WRiKqAAAAZAAAABNlY2RzYS1zaGEyLW5pc3RwMjU2AAAASQA"
    "AACEAzLf9fxTGyFYd4eVJMRlDHv0AEL7N82ilv5n3ybbpmjkAAAAgTlWmr5ese25LrOhgkpNiY54butfTWXzCeOH"
    "D6Xb72dE=",
    "b87721d99e33a5f5718368df439e6bb49bad7cfeec31440638d60b45d0495f08",
    "ccb7fd7f14c6c8561de1e5493119431efd0010becdf368a5bf99f7c9b6e99a394e55a6af97ac7b6e4bace860"
    "929362639e1bbad7d3597cc278e1c3e976fbd9d1"};

inline constexpr Vector kRsaVector = {
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDPe8rS+AGRvAsizp9ORnhsAGJGv/Qxzl5D80evW2Uq61lJg3UO"
    "FPi2qw030f17N+sSd+TJwFz/bRhpC5wIdPzTnEogbFUX3Jy7MrjDwPKk8tdVwvj2DMrh9J7GbHXvGgi+yx7aXRSw"
    "2uxdbMU9V7LU6Pa+cf8FqL/YBE4wQ3Nq18lnDZ7cmgLMpOElbr5BDSvv6wCZWE86Q6KUTcDh24ntKv7vK5U26PyJ"
    "7oZBfsreCL8OhbsL/ZBjMvjRRCn4erKuRY4BUTKWjNv6UgngqfsiWHrEWg3X3y7ELfIb7a7WiZOs3RtqQe++iACd"
    "mrasTpigVlnOumTYnHErImQCILkN me@here",
    "ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgVtRPJ30GwN5"
    "mdzvrk5bPTNkCxgmN/S/cIqmhZoq8u0cAAAADAQABAAABAQDPe8rS+AGRvAsizp9ORnhsAGJGv/Qxzl5D80evW2U"
    "q61lJg3UOFPi2qw030f17N+sSd+TJwFz/bRhpC5wIdPzTnEogbFUX3Jy7MrjDwPKk8tdVwvj2DMrh9J7GbHXvGgi"
    "+yx7aXRSw2uxdbMU9V7LU6Pa+cf8FqL/YBE4wQ3Nq18lnDZ7cmgLMpOElbr5BDSvv6wCZWE86Q6KUTcDh24ntKv7"
    "vK5U26PyJ7oZBfsreCL8OhbsL/ZBjMvjRRCn4erKuRY4BUTKWjNv6UgngqfsiWHrEWg3X3y7ELfIb7a7WiZOs3Rt"
    "qQe++iACdmrasTpigVlnOumTYnHErImQCILkNAAAAAAAAAAEAAAACAAAABGhvc3QAAAARAAAADWEuZXhhbXBsZS5"
    "jb20AAAAAaVW5AAAAAABpVwqAAAAAAAAAAAAAAAAAAAAAaAAAABNlY2RzYS1zaGEyLW5pc3RwMjU2AAAACG5pc3R"
    "wMjU2AAAAQQR/k41sGs8MpPtjy+qeBqjYl0h3DVH+iugPz948FckcquceLpKaaqhzXE7TghKac5/TwKxXqB+YI3U"
    "prS4WRiKqAAAAZQAAABNlY2RzYS1zaGEyLW5pc3RwMjU2AAAASgAAACEA4UgIb1wNQIm1EUW46I+Y/9OYp84pKKa"
    "0H27jFlKznigAAAAhAI2PcN3XHCMUXuqfvwITKRqkogAaLxYPxnTpV5hVmBnD",
    "56d44f277d06c0de66773beb9396cf4cd902c6098dfd2fdc22a9a1668abcbb47",
    "e148086f5c0d4089b51145b8e88f98ffd398a7ce2928a6b41f6ee31652b39e288d8f70ddd71c23145eea9fbf"
    "0213291aa4a2001a2f160fc674e95798559819c3"};

inline constexpr Vector kP521Vector = {
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAD0knnU9/FlItB3"
    "dYwc/DFqd/qiImxwwCOeuht7M3p/KjS084aVBcfSKAQNTwkEMlxqvKqU0JLGSc0C2r9d1S+4BgH2tZb1m+DWl5yc"
    "ntE7eStsuGKhwJPKl9E051nFM85944hGMz05q8fDzWm7RpqT4IJGJD+e25IPury586et76W74g==",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHA1MjEtY2VydC12MDFAb3B"
    "lbnNzaC5jb20AAAAgljl3KNrXpW6Z4hK3Qzl5/7Rp5BQz3+xJXVELw0KgD2IAAAAIbmlzdHA1MjEAAACFBAD0knn"
    "U9/FlItB3dYwc/DFqd/qiImxwwCOeuht7M3p/KjS084aVBcfSKAQNTwkEMlxqvKqU0JLGSc0C2r9d1S+4BgH2tZb"
    "1m+DWl5ycntE7eStsuGKhwJPKl9E051nFM85944hGMz05q8fDzWm7RpqT4IJGJD+e25IPury586et76W74gAAAAA"
    "AAAAAAAAAAQAAAAF4AAAABQAAAAF1AAAAAGlVuQAAAAAAaVcKgAAAAAAAAAAAAAAAAAAAAGgAAAATZWNkc2Etc2h"
    "hMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAEEEf5ONbBrPDKT7Y8vqngao2JdIdw1R/oroD8/ePBXJHKrnHi6Smmq"
    "oc1xO04ISmnOf08CsV6gfmCN1Ka0uFkYiqgAAAGQAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAEkAAAAgMapXA0g"
    "Pj4+IaafuZVW6/wgcp2A5HV71PWnk0tI88CoAAAAhALdf24bQpDG0CcbXJ4NT2XUcHODTBjICcZYFDueaayNw",
    "96397728dad7a56e99e212b7433979ffb469e41433dfec495d510bc342a00f62",
    "31aa5703480f8f8f8869a7ee6555baff081ca760391d5ef53d69e4d2d23cf02ab75fdb86d0a431b409c6d727"
    "8353d9751c1ce0d30632027196050ee79a6b2370"};

}  // namespace coffer::engines::ssh
