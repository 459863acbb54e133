# The front door. Everything below is short; what it calls says what it does.

.PHONY: help build release test unit-test kernel-test kernel-test-all traffic-test bench bench-short demo format lint clean deps
.DEFAULT_GOAL := help

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t w; do printf '  make %-16s %s\n' "$$t" "$$w"; done

build: deps-build ## Build everything (debug)
	swift build

release: deps-build ## Build the daemon, optimized, into .build/release/kube-ipvs
	swift build -c release --product kube-ipvs

test: unit-test kernel-test traffic-test ## Run every test; fails where no kernel with IPVS can be had

unit-test: deps-build ## Run the tests that need no kernel and no root
	swift test --skip KernelTests --skip TrafficTests

# Not IPTablesTests and DumpComparisonTests: where the complete kernel is an emulated one, they take hours.
kernel-test: deps ## Compare the clients for IPVS, sets and addresses with ipvsadm, ipset and ip
	Tests/kernel/test --complete IPVSTableTests IPVSRefusalTests DummyLinkTests
	Tests/kernel/test IPSetTests

kernel-test-all: deps ## Run all kernel tests on a complete kernel; takes hours where that is an emulated one
	KUBE_IPVS_KERNEL_TIMEOUT=14400 Tests/kernel/test --complete KernelTests

traffic-test: deps ## Start the daemon in a cluster of network namespaces, and send requests through it
	Tests/kernel/test TrafficTests

bench: deps ## Measure what changes cost on a real kernel, at 100 to 50,000 Services
	Tests/performance/run

bench-short: deps ## Measure at two small scales, and fail where costs grow with the cluster
	Tests/performance/run --short

demo: deps ## Start the daemon on Manifests/demo and send real requests through it
	swift build --product kube-ipvs
	Tests/kernel/run --timeout 1800 Tests/demo/run .build/debug/kube-ipvs

format: ## Format the Swift sources
	swift format --in-place --recursive Package.swift Sources Tests

lint: ## Check formatting, the direction of imports and the shell scripts
	swift format lint --strict --recursive Package.swift Sources Tests
	Tests/architecture/imports
	shellcheck .ci/run Tests/dependencies Tests/architecture/* Tests/demo/* Tests/kernel/* Tests/network/* Tests/performance/*

clean: ## Remove what was built
	rm -rf .build

deps: ## Install what building and testing need and is missing (apt, pip)
	@Tests/dependencies build test kernel

.PHONY: deps-build
deps-build:
	@Tests/dependencies build
