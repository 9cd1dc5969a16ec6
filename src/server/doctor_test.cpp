#include "server/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace parley {
namespace {

constexpr std::uint64_t day = 24 * 3'600'000;
constexpr UnixMillis now{1'770'000'000'000};
constexpr std::size_t asked = 7 * 1024 * 1024;

PortFacts port_in(PortState state, std::uint16_t port = 8080) {
  PortFacts facts{"tcp port", false, "0.0.0.0", port, state, std::nullopt, {}};
  return facts;
}

Certificate certificate_for(const std::vector<std::string>& names, std::uint64_t days) {
  return make_certificate(names, now, std::chrono::hours(24 * static_cast<int>(days))).value();
}

/// A machine and settings with which all is well, until a test changes them.
struct Doctor : testing::Test {
  Doctor() {
    loaded.config.tls.cert = "/etc/parley/certificate.pem";
    loaded.config.tls.key = "/etc/parley/key.pem";
    loaded.config.webtransport.enabled = true;
    facts.now = now;
    facts.built = UnixMillis{now.count - day};
    facts.clock_is_kept = true;
    facts.descriptors_max = 1'048'576;
    facts.udp_buffers = {asked, asked, asked};
    facts.ports.push_back(port_in(PortState::free));
  }

  /// What the check says that is not well, or the first one of that name.
  Diagnosis found(std::string_view check) {
    const auto all = diagnose(loaded, facts);
    const auto of_it = [check](const Diagnosis& one) { return one.check == check; };
    const auto first = std::ranges::find_if(all, of_it);
    EXPECT_NE(first, all.end()) << check;
    return first == all.end() ? Diagnosis{} : *first;
  }

  void expect(std::string_view check, Finding finding, const std::string& words,
              const std::string& remedy = {}) {
    const Diagnosis diagnosis = found(check);
    EXPECT_EQ(diagnosis.finding, finding) << diagnosis.says;
    EXPECT_NE(diagnosis.says.find(words), std::string::npos) << diagnosis.says;
    EXPECT_NE(diagnosis.remedy.find(remedy), std::string::npos) << diagnosis.remedy;
    EXPECT_EQ(diagnosis.remedy.empty(), finding == Finding::ok) << diagnosis.remedy;
  }

  LoadedConfig loaded;
  MachineFacts facts;
};

TEST_F(Doctor, is_content_when_all_is_well) {
  const auto diagnoses = diagnose(loaded, facts);

  EXPECT_TRUE(is_content(diagnoses));
  EXPECT_NE(diagnoses_text(diagnoses).find("\nAll is well.\n"), std::string::npos);
  for (const Diagnosis& one : diagnoses) EXPECT_EQ(one.finding, Finding::ok) << one.says;
}

TEST_F(Doctor, repeats_what_the_settings_are_warned_of) {
  loaded.notes = {"nobody can enter", "the key is short"};

  const auto diagnoses = diagnose(loaded, facts);
  EXPECT_EQ(std::ranges::count(diagnoses, Finding::warning, &Diagnosis::finding), 2);
  expect("settings", Finding::warning, "nobody can enter", "parley config print");
}

TEST_F(Doctor, counts_descriptors_against_the_connections_allowed) {
  facts.descriptors_max = 1024;
  expect("descriptors", Finding::warning, "limits.connections_max takes 120136",
         "LimitNOFILE=120136");

  facts.descriptors_max = 64;
  expect("descriptors", Finding::problem, "may open 64 files");

  loaded.config.limits.connections_max = 100;
  loaded.config.server.shards = 2;
  facts.descriptors_max = 244;
  expect("descriptors", Finding::ok, "a server started from here may open 244 files");
}

TEST_F(Doctor, judges_the_descriptors_of_the_server_that_runs) {
  facts.running = Holder{42, "parley"};

  expect("descriptors", Finding::ok, "parley (process 42) may open 1048576 files");
}

TEST_F(Doctor, names_the_kernel_settings_that_are_too_small) {
  facts.udp_buffers.receive = 212'992;
  expect("udp buffers", Finding::warning, "208KiB to receive and 7MiB to send");
  EXPECT_EQ(found("udp buffers").remedy, "sysctl -w net.core.rmem_max=7340032");

  facts.udp_buffers.send = 212'992;
  EXPECT_EQ(found("udp buffers").remedy,
            "sysctl -w net.core.rmem_max=7340032 net.core.wmem_max=7340032");

  loaded.config.webtransport.enabled = false;
  expect("udp buffers", Finding::ok, "not needed");
}

TEST_F(Doctor, says_who_has_a_port) {
  facts.ports = {port_in(PortState::taken)};
  expect("tcp port", Finding::problem, "another process listens on 0.0.0.0:8080",
         "ss -lnpt 'sport = :8080'");

  facts.ports.front().holder = Holder{7, "nginx"};
  expect("tcp port", Finding::problem, "nginx (process 7) listens", "stop it");

  facts.ports.front().holder = Holder{8, "websocket_server"};
  expect("tcp port", Finding::ok, "websocket_server (process 8) listens");
}

TEST_F(Doctor, says_why_a_port_cannot_be_had) {
  facts.ports = {port_in(PortState::forbidden, 443)};
  expect("tcp port", Finding::problem, "0.0.0.0:443 needs a privilege", "CAP_NET_BIND_SERVICE");

  facts.ports = {port_in(PortState::unusable)};
  facts.ports.front().why = "Cannot assign requested address";
  facts.ports.front().host = "2001:db8::1";
  expect("tcp port", Finding::problem, "[2001:db8::1]:8080 cannot be listened on: Cannot assign",
         "ip address");

  facts.ports = {port_in(PortState::free, 0)};
  expect("tcp port", Finding::ok, "any free one");
}

TEST_F(Doctor, wants_a_certificate_only_where_one_is_shown) {
  facts.certificate = fail("cannot read the certificate /etc/parley/certificate.pem");
  expect("certificate", Finding::problem, "cannot read", "ls -l /etc/parley/certificate.pem");

  loaded.config.webtransport.enabled = false;
  expect("certificate", Finding::ok, "not needed");

  loaded.config.tls.tcp = true;
  expect("certificate", Finding::problem, "cannot read");
}

TEST_F(Doctor, says_where_a_certificate_of_its_own_is_kept) {
  loaded.config.tls.cert.clear();
  expect("certificate", Finding::ok, "made anew at each start");

  loaded.config.tls.self_signed_folder = "/var/lib/parley";
  expect("certificate", Finding::ok, "kept in /var/lib/parley");
}

TEST_F(Doctor, looks_at_the_dates_of_a_certificate) {
  facts.certificate = certificate_for({"localhost"}, 13);
  expect("certificate", Finding::ok, "is good until 2026-02-15 01:40 UTC");

  facts.now.count = now.count + 7 * day;
  expect("certificate", Finding::warning, "ends on 2026-02-15", "systemctl reload parley");

  facts.now.count = now.count + 14 * day;
  expect("certificate", Finding::problem, "ended on 2026-02-15", "systemctl reload parley");

  facts.now.count = now.count - day;
  expect("certificate", Finding::problem, "and the clock says 2026-02-01", "timedatectl");
}

TEST_F(Doctor, knows_what_browsers_do_not_take_over_webtransport) {
  facts.certificate = certificate_for({"localhost"}, 90);
  expect("certificate", Finding::warning, "lives 14 days at most", "parley cert create");

  loaded.config.webtransport.enabled = false;
  loaded.config.tls.tcp = true;
  expect("certificate", Finding::ok, "is good until");
}

TEST_F(Doctor, compares_the_public_address_with_the_certificate) {
  facts.certificate = certificate_for({"meet.example.org"}, 13);
  loaded.config.webtransport.public_url = "https://meet.example.org:4433/";
  expect("certificate", Finding::ok, "is good until");

  loaded.config.webtransport.public_url = "https://other.example.org";
  expect("certificate", Finding::warning, "is not for other.example.org", "parley cert inspect");

  loaded.config.webtransport.public_url = "https://[::1]:4433";
  expect("certificate", Finding::warning, "is not for ::1");
}

TEST_F(Doctor, doubts_a_clock_behind_the_program_itself) {
  facts.built = UnixMillis{now.count + day};
  expect("clock", Finding::problem, "but this program was built on", "timedatectl set-ntp true");

  facts.built.reset();
  facts.clock_is_kept = false;
  expect("clock", Finding::warning, "nobody who keeps it right", "timedatectl set-ntp true");

  facts.clock_is_kept.reset();
  expect("clock", Finding::ok, "2026-02-02 02:40 UTC");
}

TEST_F(Doctor, measures_the_messages_that_nats_takes) {
  expect("nats", Finding::ok, "not asked for");

  facts.nats = NatsFacts{"nats://nats:4222", 1024 * 1024};
  expect("nats", Finding::warning, "nats://nats:4222 takes messages of 1MiB", "max_payload: 8MB");

  facts.nats = NatsFacts{"nats://nats:4222", 8 * 1024 * 1024};
  expect("nats", Finding::ok, "takes messages of 8MiB");
}

TEST_F(Doctor, says_what_a_silent_nats_means) {
  facts.nats = fail("no NATS at nats:4222");
  expect("nats", Finding::problem, "no NATS at", "until then the server is alone");

  loaded.config.bus.required = true;
  expect("nats", Finding::problem, "no NATS at", "does not start without it");
}

TEST_F(Doctor, looks_for_the_tables_of_the_database) {
  expect("database", Finding::ok, "not asked for");

  facts.database = DatabaseFacts{"sqlite:/var/lib/parley/record.db", {0, false, "main"}};
  expect("database", Finding::warning, "tables of version 0", "parley db migrate");

  facts.database = DatabaseFacts{"postgres://db/m", {schema_version, true, "the schema public"}};
  expect("database", Finding::ok, "postgres://db/m has its tables in the schema public");

  facts.database = fail("postgres://db/m: nobody answers");
  expect("database", Finding::problem, "nobody answers", "parley db status");
}

TEST_F(Doctor, writes_one_line_for_each_check) {
  facts.descriptors_max = 1024;
  facts.ports = {port_in(PortState::taken)};
  const std::string text = diagnoses_text(diagnose(loaded, facts));

  EXPECT_NE(text.find("\nwarning  descriptors  a server"), std::string::npos) << text;
  EXPECT_NE(text.find("\nproblem  tcp port     another"), std::string::npos) << text;
  EXPECT_NE(text.find("; do: ulimit -n "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\n1 problem, 1 warning.\n")) << text;
}

TEST_F(Doctor, writes_json) {
  facts.ports = {port_in(PortState::taken)};
  const std::string json = diagnoses_json(diagnose(loaded, facts));

  EXPECT_TRUE(json.starts_with(R"({"content":false,"checks":[{"check":"settings","finding":"ok",)"))
      << json;
  EXPECT_NE(json.find(R"({"check":"tcp port","finding":"problem","says":"another process)"),
            std::string::npos)
      << json;
}

}  // namespace
}  // namespace parley
