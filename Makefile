# What a person types here. Tool versions are pinned in tools/go.mod.
GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
LDFLAGS := -s -w -X main.version=$(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Races are looked for everywhere but in e2e, which runs the built binary.
UNIT    = $(shell $(GO) list ./... | grep -v /e2e)
TESTFLAGS ?=

.PHONY: run build test unit e2e check lint fmt tidy docs deps bench profile fuzz clean

run: ## the exchange on its embedded default office
	$(GO) run ./cmd/pbx run

build: ## one static binary, ./pbx
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o pbx ./cmd/pbx

test: deps unit e2e ## every test, with the phones it needs installed first

unit:
	$(GO) test -race $(TESTFLAGS) $(UNIT)

e2e:
	$(GO) test -count=1 -timeout 20m $(TESTFLAGS) ./e2e/...

deps: ## the real phones and tools that e2e drives
	./e2e/install.sh

check: lint test ## all that has to hold before a change lands

lint:
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not gofumpt'ed:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...
	$(GO) mod tidy -diff

fmt:
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

docs: ## the reference in docs/, from the declarations in the code
	$(GO) test ./server -run TestReference -update

bench: ## the Go benchmarks; bench/README.md has the whole kit
	$(GO) test -run '^$$' -bench . -benchmem ./...

profile: ## cmd/pbx/default.pgo, by which the program is built (docs/adr/0012); needs what bench/README.md says
	./bench/profile.sh

fuzz: ## every fuzz target for FUZZTIME each
	./tools/fuzz.sh $(FUZZTIME)

clean:
	rm -rf pbx dist out
