//! Every code a user can meet, with its title and its story for `snatsim explain CODE`.

/// A code: E0xxx refuse an input, F0xxx are findings about a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    id: &'static str,
    title: &'static str,
    story: &'static str,
}

impl Code {
    /// The code as printed, such as `E0301`.
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        self.title
    }

    /// The story behind it: why the rule exists, an example, how to mend it, the source. Paragraphs of plain text.
    pub const fn story(self) -> &'static str {
        self.story
    }

    /// The code with this id, in any case.
    pub fn find(id: &str) -> Option<Code> {
        ALL.iter()
            .copied()
            .find(|code| code.id.eq_ignore_ascii_case(id))
    }

    /// All codes, in order.
    pub fn all() -> &'static [Code] {
        ALL
    }
}

macro_rules! codes {
    ($($name:ident: $title:literal, $story:literal;)*) => {
        impl Code {
            $(#[doc = $title]
            pub const $name: Code = Code { id: stringify!($name), title: $title, story: $story };)*
        }
        const ALL: &[Code] = &[$(Code::$name),*];
    };
}

codes! {
    // --- The file: E01xx ---
    E0101: "not JSON",
        "The scenario is not well-formed JSON.";

    // --- Cluster, destinations and workloads: E02xx ---

    // --- Outbound types: E03xx ---

    // --- Traces: E04xx ---

    // --- Findings: F01xx ---
    F0101: "ports ran out",
        "A connection needs a SNAT port that is free toward its destination endpoint. Where none is, its SYN is dropped without a word; the kernel sends it again after 1, 3, 7, 15 seconds and so on, and when the last one finds no port either, connect() times out. Established connections go on, and so do new ones to other destinations.\n\nThe failure probability is failed / (offered - pending), over connections whose first SYN lies after the warm-up.\n\nWhat helps, in the order of how far it carries: use connections again (pools, HTTP keep-alive); close what is not needed; go to the destination by private endpoint, which needs no SNAT; give nodes more ports (allocatedOutboundPorts) or take an outbound type that shares them (NAT Gateway).\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md and troubleshoot-outbound-connection.md.";
    F0102: "connections waited for a port",
        "Their first SYN found no free port and a later one did. Nothing failed, but users felt it: a refused SYN is sent again after 1 s, then 3 s, 7 s and so on, so connect times jump in those steps. Azure counts each refused SYN as a failed SNAT connection.\n\nThe verdict is `slow` when this is all that happened. A shorter connect timeout in the application turns these waits into failures.";
    F0103: "little room left",
        "No SYN was refused, but the fullest pool came to 80 percent of its limit or more. Refusals do not set in gently: near the limit a few percent of load decide between none and many.\n\nLook at the p99.9 of the minutes' peaks (usedPercentiles) rather than at the mean, and leave room for the next node, deployment or leak.";
    F0104: "warm-up shorter than the holds",
        "A run starts with no port in use. Ports fill up over as long as they are held, so what is counted before that is too good. The warm-up should be at least the time that 99 of 100 ports are held, hold-downs and idle timeouts included: with Load Balancer 240 s after FIN and, where connections are abandoned, the idle timeout (30 minutes in AKS).\n\nSet \"warmup\" in the scenario; \"duration\" includes it.";
    F0105: "no interval",
        "An interval needs independent looks at the failure probability: at least 10 replications, or else at least 20 stretches of time of 10 mean holds each. Failures come in clusters, while a pool is full, so counting connections as if they were independent would make an interval that is far too narrow. Rather than that there is none.\n\nUse --replications 10, or a longer duration.";
    F0106: "a trace replays itself",
        "Recorded connections are the same in every replication. Only what is not in the trace is drawn anew: other workloads, the firewall instance and address, the jitter of retries. So the spread between replications, and the interval made from it, says nothing about another day's traffic.\n\nTo learn about other days, replay other days.";
    F0107: "closed loops meet different connections",
        "Open-loop arrivals and traces bring the same connections to all outbound types of a comparison, so a difference is due to the type alone. A closed loop reacts: a client whose connect is delayed opens its next connection later. Under each outbound type it opens others, and only the seeds are common.\n\nComparisons remain fair on average; their intervals are wider.";
    F0108: "failures during the warm-up only",
        "Connections failed before counting began and none after it. The counters and the verdict speak of the time after the warm-up; `firstFailure` looks at the whole run.\n\nOften it is an artefact of many clients starting at once. If your cluster starts like that, after an outage or a deployment, set \"warmup\": \"0s\" and look at it.";
    F0109: "one node full while others idle",
        "Load Balancer gives every node its own SNAT ports in advance, and a node cannot borrow from its neighbours. One busy node fails while the others have ports to spare, and averages over the fleet look harmless.\n\nSpread the pods that open the connections (topologySpreadConstraints), or take an outbound type that shares its ports over all nodes: NAT Gateway.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md: ports are preallocated per backend instance.";
    F0110: "more public IPs change nothing here",
        "With manual ports (allocatedOutboundPorts) a node has exactly as many as asked for; public IPs only bound how many nodes that is possible for. With automatic ports a node has Azure's table value times the public IPs, at most 1,024. So beyond that a further IP gives no node a single port more.\n\nRaise allocatedOutboundPorts, in multiples of 8, as far as nodes x ports stay within public IPs x 64,000. Nodes are counted with their autoscaler maximum and upgrade surge.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md and outbound-rules.md.";
    F0111: "a bucket fails before the sum is full",
        "An Azure Firewall has 2,496 SNAT ports for each public IP on each of its instances. A connection lands on one instance and one IP; if that bucket is full toward its destination the SYN finds no port, although others have room. So failures begin before the sum of all ports is in use, and they are intermittent.\n\nMore public IPs add buckets: Azure's guidance for AKS is at least 20. A NAT Gateway on the firewall's subnet replaces the buckets by one pool.\n\nSource: MicrosoftDocs/azure-docs, articles/firewall/integrate-with-nat-gateway.md and firewall-known-issues.md.";
    F0112: "the limit to one endpoint binds first",
        "A NAT Gateway has 64,512 ports for each public IP, but supports 50,000 concurrent connections for each public IP to the same destination endpoint. With connections that live longer than their hold-down, the second is reached first. Whether ports in a hold-down count toward it is not documented: assumptions.natHeldPortsCountToEndpointLimit.\n\nMore public IPs (up to 16) raise both; so does spreading the load over several destination addresses.\n\nSource: MicrosoftDocs/azure-docs, articles/nat-gateway/nat-gateway-resource.md.";
    F0113: "ports are held longer than used",
        "Most of the time that ports are held nobody sends anything on them. After a FIN a port is kept back (Load Balancer 240 s, NAT Gateway 65 s) before the same destination may see it again; a connection that nobody closes holds its port until the idle timeout (30 minutes in AKS by default).\n\nA hold-down cannot be set, only paid less often: one connection used a hundred times pays it once. An idle timeout can be shortened to 4 minutes, with keepalives for connections that are silent for longer.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md (2020-06-24) and articles/nat-gateway/nat-gateway-resource.md.";
    F0114: "connections broken by the idle timeout",
        "A connection that sends nothing for the idle timeout loses its port while its owner still counts on it. Load Balancer with TCP reset and Azure Firewall tell both ends at once; a NAT Gateway answers the next packet with RST.\n\nSend keepalives more often than the idle timeout. Linux's default of 7,200 s helps with none of Azure's timeouts: set SO_KEEPALIVE with TCP_KEEPIDLE, or the driver's own option.";
    F0115: "much is undecided at the end",
        "Connections that were still waiting for a port when the run ended count as pending, and are left out of the failure probability. Many of them mean that the run ends in the middle of a bad spell: the probability is then too low.\n\nMake the duration longer by at least the time a connection may wait: with Linux's defaults 127 s a try.";
    F0116: "connections without an answer",
        "These connections got a SNAT port, and nobody answered: a destination that is down, a firewall on the way, a wrong address. More ports do not help. They do cost ports: each is held through all SYNs and the half-open timeout after them.";
    F0117: "one destination fills the pool",
        "A SNAT port is busy toward one destination address and port, and serves all others at the same time. Where all load goes to one endpoint, a database or a gateway, its share of the pool is the whole limit.\n\nReuse connections to that destination, reach it by private endpoint or service endpoint, or give it more addresses: every address and port more is a full set of ports more.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md (port reuse).";
    F0118: "what the formula says",
        "For Poisson arrivals without retries or retransmitted SYNs, the share of refused connections is known exactly: Erlang's loss formula, with the ports of a pool as servers and arrival rate x mean hold as the load. It does not depend on how hold times are distributed, only on their mean.\n\nWhere it applies it is printed beside the simulated figure. The two should agree within the interval, 19 times in 20.";
    F0119: "retries add load",
        "Every try is a new connect() with a new source port, so it asks for a SNAT port again. While a pool is full, retries come on top of new connections and keep it full: back off longer each time, with jitter, and give up in the end.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/troubleshoot-outbound-connection.md.";
}
