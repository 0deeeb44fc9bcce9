//! Networks of trusted proxies.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// An address, or a network such as `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl Network {
    /// Whether the network contains `address`, which is in canonical form (IPv4 as IPv4).
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network = text.parse::<IpNet>().map(Self);
        let one = || text.parse::<IpAddr>().map(Self::from);
        network.or_else(|_| one()).map_err(|_| format!("{text} is neither an address nor a network like 10.0.0.0/8"))
    }
}
