// SPDX-License-Identifier: GPL-2.0-or-later
import FuzzReaders
import Glibc

/// The parser that `KUBE_IPVS_FUZZ_INPUT` names.
private let input: ForeignInput = {
    let name = unsafe getenv("KUBE_IPVS_FUZZ_INPUT").map { unsafe String(cString: $0) } ?? ""
    guard let input = ForeignInput(rawValue: name) else {
        fatalError("KUBE_IPVS_FUZZ_INPUT is \(name), not one of \(ForeignInput.allCases.map(\.rawValue))")
    }
    return input
}()

/// What libFuzzer calls with each input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    unsafe input.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
