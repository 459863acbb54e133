# The front door. Everything below is short; what it calls says what it does.

.PHONY: help build release test unit-test kernel-test kernel-test-vm demo format lint clean deps deps-vm
.DEFAULT_GOAL := help

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t w; do printf '  make %-16s %s\n' "$$t" "$$w"; done

build: deps-build ## Build everything (debug)
	swift build

release: deps-build ## Build the daemon, optimized, into .build/release/kube-ipvs
	swift build -c release --product kube-ipvs

test: unit-test kernel-test ## Run every test; fails where no kernel with IPVS can be had

unit-test: deps-build ## Run the tests that need no kernel and no root
	swift test --skip KernelTests --skip TrafficTests

kernel-test: deps ## Run the kernel and traffic tests where there is IPVS (see docs/development.md)
	Tests/kernel/test

kernel-test-vm: deps deps-vm ## Run the kernel tests in a virtual machine with the distribution's kernel
	KUBE_IPVS_KERNEL=vm Tests/kernel/test KernelTests

demo: deps ## Start the daemon on Manifests/demo and send real requests through it
	swift build --product kube-ipvs
	Tests/kernel/run --timeout 1800 Tests/demo/run .build/debug/kube-ipvs

format: ## Format the Swift sources
	swift format --in-place --recursive Package.swift Sources Tests

lint: ## Check formatting, the direction of imports and the shell scripts
	swift format lint --strict --recursive Package.swift Sources Tests
	Tests/architecture/imports
	shellcheck .ci/run Tests/dependencies Tests/architecture/* Tests/demo/* Tests/kernel/* Tests/network/*

clean: ## Remove what was built
	rm -rf .build

deps: ## Install what building and testing need and is missing (apt)
	@Tests/dependencies build test kernel

deps-vm: ## Install what the virtual machine needs and is missing (apt, pip)
	@Tests/dependencies vm

.PHONY: deps-build
deps-build:
	@Tests/dependencies build
