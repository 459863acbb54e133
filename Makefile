# SPDX-License-Identifier: GPL-2.0-or-later
# The front door. Everything below is short; what it calls says what it does.

.PHONY: help build release deb tarball rootfs sbom package-test rootfs-test test unit-test kernel-test history-test traffic-test bench bench-short soak fuzz image manifests demo release-check format lint clean deps
.DEFAULT_GOAL := help

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t w; do printf '  make %-16s %s\n' "$$t" "$$w"; done

build: deps-build ## Build everything (debug)
	swift build

# With Swift's libraries in it: a node has none.
release: deps-build ## Build kube-ipvs and kube-ipvs-sets, optimized, into .build/release
	swift build -c release --product kube-ipvs --static-swift-stdlib
	swift build -c release --product kube-ipvs-sets
	Tests/architecture/libraries .build/release

# Where it goes: below DESTDIR and PREFIX. BINARY chooses another kube-ipvs than `make release` builds, with kube-ipvs-sets beside it.
PREFIX ?= /usr/local
DESTDIR ?=
BINARY ?= .build/release/kube-ipvs

install: ## Install the programs, the man page and the completion of shells below $(DESTDIR)$(PREFIX)
	@[ -x "$(BINARY)" ] || { echo "make install: there is no $(BINARY): make release builds it" >&2; exit 1; }
	Packaging/install "$(BINARY)" "$(DESTDIR)$(PREFIX)"

test: unit-test kernel-test history-test traffic-test ## Run every test; fails where no kernel with IPVS can be had

# In four parts: what waits for others, and what measures time, would wait for and measure the random histories beside it.
unit-test: deps-test ## Run the tests that need no kernel and no root
	swift test --skip KernelTests --skip TrafficTests \
		$(addprefix --skip ,$(program-suites) $(server-suites) $(timed-suites))
	Tests/architecture/libraries "$$(swift build --show-bin-path)"
	swift test --skip-build $(addprefix --filter ,$(program-suites))
	swift test --skip-build $(addprefix --filter ,$(server-suites))
	swift test --skip-build $(addprefix --filter ,$(timed-suites))

# They start many programs.
program-suites := CommandTests HealthProbeTests ManifestsTests PromtoolTests
# They wait for servers and files, with deadlines.
server-suites := KubernetesHTTPTests ManifestFilesTests
# They hold servers, programs and the planning to a time.
timed-suites := ChildProgramsTests HTTPSurfacesTests LocalStatusSocketTests ManyPortsTests ServiceManagerTests \
	SurfacesOverHTTPTests

# First what the quickest kernel can show; then, on a complete one, what the quickest one may lack: nf_tables, a scheduler,
# conntrack zones.
# Where the complete kernel is an emulated machine, the second run takes minutes. Linux 5.10 is tried beside the first run, which
# leaves a processor idle.
kernel-test: deps ## Compare the kernel clients with ipvsadm, ipset, iptables and ip
	Tests/kernel/test $(addprefix --old KernelTests.KernelSuite/,$(old-suites)) \
		$(addprefix --old TrafficTests.TrafficSuite/,$(old-traffic)) KernelTests
	KUBE_IPVS_IPTABLES=nft Tests/kernel/test --complete $(addprefix KernelTests.KernelSuite/,$(complete-suites)) \
		TrafficTests.TrafficSuite/ForeignRulesTests

complete-suites := IPVSTableTests IPTablesTests ForeignContentTests MissingExtensionTests DumpComparisonTests \
	DumpProgramTests KernelConntrackTests

# What touches the kernel in ways that differ between versions, and requests through a node that kube-proxy has left. Not its
# listings, which are compared while estimation is switched off: Linux before 5.17 cannot.
old-suites := IPVSTableTests IPVSRefusalTests IPVSSettingsTests IPVSScaleTests LargeServerTests IPSetTests \
	'IPTablesTests/.*a.variant' KernelConntrackTests ConntrackScaleTests DummyLinkTests KernelRoutesTests \
	NodeAddressMonitorTests NetlinkSocketTests KernelSysctlTests
old-traffic := DatagramTests HandoverTests

history-test: deps ## Follow 200 random histories of 500 steps on a real kernel
	Tests/kernel/histories

traffic-test: deps ## Start the daemon in a cluster of network namespaces, and send requests through it
	Tests/kernel/test $(addprefix --apart TrafficTests.TrafficSuite/,$(daemon-suites)) \
		$(addprefix --routes TrafficTests.TrafficSuite/,$(routes-suites)) TrafficTests

# Half of the time goes into these, and a guest has one processor.
daemon-suites := APIServerTests CleanupTests HandoverTests InspectionTests NodeTests SurfacesTests TraceTruthTests

# Once more with virtual IPs as routes: all that the way makes a difference to. What is about a daemon's surfaces, its API
# server or one kind of rule says the same in both.
routes-suites := CleanupTests DatagramTests HandoverTests PolicyTests RestartTests SecondNodeTests ServiceTests \
	SourceAddressTests

bench: deps ## Measure what changes cost on a real kernel, at 100 to 50,000 Services
	Tests/performance/run

bench-short: deps ## Measure at two small scales, and fail where costs grow with the cluster
	Tests/performance/run --short

MINUTES ?= 15
fuzz: deps-build ## Fuzz each parser of foreign input for 20 s (SECONDS=)
	Tests/fuzz/run $(SECONDS)

soak: deps ## Let the daemon live for MINUTES beside a stranger who damages what it writes
	swift build --product kube-ipvs
	swift build --product kube-ipvs-sets
	Tests/soak/run $(MINUTES)

deb: release ## Build the package for Debian and Ubuntu, into .build/packages
	Manifests/packages/build deb .build/release .build/packages

tarball: release ## Build a tarball for other distributions, into .build/packages
	Manifests/packages/build tarball .build/release .build/packages

rootfs: release ## Build the image's root file system without a container engine, into .build/rootfs
	rm -rf .build/rootfs
	Manifests/image/rootfs .build/release .build/rootfs

sbom: rootfs ## Say what is in the image, as SPDX, into .build/kube-ipvs.spdx.json
	swift package --ignore-lock show-dependencies --format json >.build/dependencies.json
	SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" Manifests/image/sbom "$(version)" "$$(git rev-parse HEAD)" \
		.build/dependencies.json .build/rootfs >.build/kube-ipvs.spdx.json

version = $(shell sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/kube-ipvs/VersionCommand.swift)

package-test: deps-test ## Install, upgrade and remove the package, and run the demo from it
	swift build --product kube-ipvs
	swift build --product kube-ipvs-sets
	Tests/packages/test "$$(swift build --show-bin-path)"
	Tests/packages/demo "$$(swift build --show-bin-path)"

# On a kernel without nf_tables, such as that of Debian's User Mode Linux, the daemon takes the legacy tables.
rootfs-test: deps-test ## Run the demo from the image's root file system
	swift build --product kube-ipvs
	swift build --product kube-ipvs-sets
	Tests/packages/rootfs "$$(swift build --show-bin-path)"

# CONTAINER_TOOL=podman chooses, where docker is there without its daemon.
image: ## Build the container image, with docker, podman or buildah
	@tool=$${CONTAINER_TOOL:-$$(command -v docker || command -v podman || command -v buildah)}; \
	[ -n "$$tool" ] || { echo "make image: none of docker, podman and buildah is installed" >&2; exit 1; }; \
	"$$tool" build --file Manifests/image/Dockerfile --build-arg SWIFT_VERSION="$$(cat .swift-version)" \
		--build-arg COMMIT="$$(git rev-parse HEAD 2>/dev/null)" --build-arg VERSION="$(version)" \
		--tag kube-ipvs:"$(version)" .

# IMAGE, API_SERVER, CLUSTER_CIDR and DOCS fill in what only you know: Manifests/render says what they are.
manifests: ## Render Manifests/ into single files below .build/manifests, such as install.yaml
	Manifests/render .build/manifests

demo: deps ## Start the daemon on Manifests/demo and send real requests through it
	swift build --product kube-ipvs
	swift build --product kube-ipvs-sets
	Tests/kernel/run --timeout 1800 Tests/demo/run .build/debug/kube-ipvs

release-check: ## Say whether this commit can be released
	Tests/release-check

format: ## Format the Swift sources
	swift format --in-place --recursive Package.swift Sources Tests

lint: ## Check formatting, the direction of imports and the shell scripts
	swift format lint --strict --recursive Package.swift Sources Tests
	Tests/architecture/imports
	Tests/architecture/limits
	Tests/manifests/check
	Tests/architecture/licences
	Tests/documents/links
	perl -c Tests/network/ask && perl -c Tests/network/serve && perl -c Packaging/man-page
	for program in cluster stranger watch; do perl -c Tests/soak/$$program || exit 1; done
	shellcheck $$(grep --recursive --files-with-matches --max-count=1 '^#!/bin/bash' .ci Manifests Packaging Tests)

clean: ## Remove what was built
	rm -rf .build

deps: ## Install what building and testing need and is missing (apt, pip)
	@Tests/dependencies build test kernel

.PHONY: deps-build deps-test
deps-build:
	@Tests/dependencies build

deps-test:
	@Tests/dependencies build test
