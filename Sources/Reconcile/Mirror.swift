import Addressing
import DataplaneModel

/// What the kernel is known to hold of one family. A part that is `nil` has to be read first.
struct Mirror {
    var ipvs: IPVSTable?
}
