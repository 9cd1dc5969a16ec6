#pragma once
// `parley db`: what a database holds of the record of meetings, and making what is missing.

#include <iosfwd>
#include <string>

namespace parley {

/// Says whether the tables are ready, and changes nothing. 1 when they are not, or nobody can tell.
int run_db_status(const std::string& url, std::ostream& out, std::ostream& err);

/// Makes the tables that are missing; nothing when all are there. Answers the exit code.
int run_db_migrate(const std::string& url, std::ostream& out, std::ostream& err);

}  // namespace parley
