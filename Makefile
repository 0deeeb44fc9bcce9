# One line each; the work is in cargo or in scripts/. `make serve` and `make test` need only Rust (rustup), Node.js, a C compiler.
.PHONY: setup serve test dev check e2e bench release

setup:    ; @scripts/tools.sh
serve:    setup ; @scripts/serve.sh
dev:      setup ; @scripts/dev.sh
test:     setup ; @scripts/test.sh
check:    setup ; @scripts/check.sh
e2e:      setup ; @scripts/e2e.sh
release:  setup ; @scripts/release.sh
bench:    release ; @scripts/bench.sh
