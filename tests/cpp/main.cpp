// Runs the C++ suite: suite MODEL FOLDER LOG OPTIONS. Prints nothing; the result is the exit status, details are in the
// log.

#include "check.hpp"

#include <exception>

Suite suite;

int main(int count, char **arguments) {
    if (count < 5) return 2;
    suite.model = arguments[1];
    suite.folder = arguments[2];
    suite.log.open(arguments[3]);
    suite.options = arguments[4];
    if (!suite.log) return 2;
    try {
        test_model();
        test_span();
        test_restore();
        test_stream();
    } catch (const std::exception &error) {
        suite.fail(__FILE__, __LINE__, error.what());
    }
    suite.log << "failures: " << suite.failures << std::endl;
    return suite.failures == 0 ? 0 : 1;
}
