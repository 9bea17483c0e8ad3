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
        "A scenario is strict JSON (RFC 8259), encoded as UTF-8: keys and texts in double quotes, a comma between two entries and none after the last, no comments.\n\nComments belong into \"description\", at the top of the scenario. Most editors check the rest while you type once they know the schema: run `snatsim schema > scenario.schema.json` and begin the file with \"$schema\": \"scenario.schema.json\".";
    E0102: "wrong kind of value",
        "The value is of another kind than this field takes: a text where a number belongs, a number where a list belongs, a number without a unit where a duration belongs.\n\nDurations are texts with a unit, such as \"250ms\", \"4m\" or \"1h30m\": a bare 30 could be seconds or minutes, and in Azure's own fields it is either, as in idleTimeoutInMinutes. Azure's own fields keep Azure's units and are plain numbers.\n\nErrors of this kind are reported one at a time: what follows in the file cannot be read for certain before it is mended.";
    E0103: "unknown field",
        "The field is not one that snatsim knows at this place. It is refused rather than ignored: a setting that is silently dropped makes a result wrong without a trace.\n\nBlocks copied from `az aks show` work: inside an entry of \"outbound\", a security rule, a route and httpProxyConfig the fields of Azure that do not matter to SNAT are ignored by name. Elsewhere every field counts.";
    E0104: "unknown word",
        "The value, or the key that names a kind, is not one of the words allowed at this place. Words are case sensitive, as in Azure's own API: \"managedNATGateway\", \"tcp\".\n\nWhere one key names the kind, there is exactly one: { \"poisson\": { \"perSecond\": 120 } }.";
    E0105: "missing field",
        "A field without a default is missing. Only what a scenario cannot do without is required: how long it runs, who opens connections, to where, how often and for how long.\n\n`snatsim example` lists whole scenarios to start from.";
    E0106: "not simulated yet",
        "The field is part of the scenario format as it is planned, but this version of snatsim does not simulate it. It is refused rather than ignored, because a result without it would answer another question.\n\nRemove it to see what the rest does, and read the result as if the feature were absent in the cluster too.";
    E0107: "field given twice",
        "JSON readers disagree about which of two equal keys counts. Keep the one you mean.";
    E0108: "--set leads nowhere",
        "`--set POINTER=VALUE` overrides one value of the scenario before it is read. The pointer is a JSON pointer (RFC 6901) in which an element of a list may be named instead of counted: --set '/outbound/NAT gateway/natGatewayProfile/idleTimeoutInMinutes=10' or --set /workloads/0/retry/attempts=5. A slash inside a name is written ~1, a tilde ~0.\n\nVALUE is JSON; what is not JSON is taken as text, so --set /duration=2h needs no quotes. Objects on the way are created, list elements are not.";
    E0109: "another kind of file",
        "A scenario says what is simulated, and `snatsim run`, `compare` and `explain` take it. A sweep names a scenario and the values that parts of it take (\"axes\"), and `snatsim sweep` takes it: `snatsim sweep --example node-tiers` is one, `snatsim example node-tiers` prints it.";

    // --- Cluster, destinations and workloads: E02xx ---
    E0201: "name missing or given twice",
        "Node pools, destinations, workloads and outbounds are told apart by their names, in references (\"nodePool\": \"apps\"), in results and in --set. So each has one, and no two in the same list have the same. An outbound without a name is called by its type.\n\nNodes are named after their pool: pool apps has the nodes apps-0, apps-1 and so on.";
    E0202: "cluster without nodes",
        "Connections start on nodes, so a cluster needs node pools with at least one node: \"cluster\": { \"nodePools\": [ { \"name\": \"apps\", \"count\": 3 } ] }.\n\nOnly a scenario whose workloads are all traces may leave nodePools out: then every source of the traces is a node.";
    E0203: "unknown node pool",
        "A workload runs on a node pool that cluster.nodePools does not have. Without nodePool it runs on all nodes.";
    E0204: "unknown destination",
        "A workload connects to a destination that \"destinations\" does not have. Where connections go matters: a SNAT port is busy only toward one destination address and port, and serves others at the same time.";
    E0205: "maxCount below count",
        "maxCount is the most nodes the autoscaler may give a pool, so it is at least count. It matters to Load Balancer, where Azure checks manually allocated ports against the largest size every pool may reach, surge included (aks:articles/aks/configure-load-balancer-standard.md).";
    E0206: "nothing left to count",
        "duration is the length of a run, warm-up included; counting starts at warmup. So the warm-up is shorter than the duration, and the duration is above 0.\n\nA warm-up as long as ports are held after use (with Load Balancer 240 s after FIN, or the idle timeout where connections are abandoned) lets counting begin in the steady state.";
    E0207: "weights do not fit",
        "placement.weights has one weight for every node the workload runs on, in the order of the pools. They need not sum to 1; 0 keeps a node idle; not all may be 0.";
    E0208: "ends do not sum to 1",
        "close says which share of connections ends how: fin (closed), rst (reset), abandon (left open until the idle timeout), unanswered (never answered). The shares sum to 1, because every connection ends one way. What is left out is 0; without close all end by FIN.\n\nThe ends decide how long a port is held: on Load Balancer 240 s after FIN, 15 s after RST, the whole idle timeout after an abandoned connection.";
    E0209: "nothing arrives",
        "A rate is in connections per second over the whole cluster and above 0; closed has at least one client. A workload that opens nothing is better left out.";
    E0210: "number outside its range",
        "The number lies outside the range that makes sense for this field. Shares, jitter and confidence are fractions of 1, not percent: 0.2 is 20 percent.\n\nattempts counts all tries of a connection: 1 means that the application does not retry.";
    E0211: "law without meaning",
        "A law of lifetimes or think times has parameters that define no probability law. One key names it: constant; exponential with mean; lognormal with median and p99, median and sigma, or mean and sigma; uniform with min and max; pareto with scale, shape and perhaps max; weibull with scale and shape; empirical with file or values.\n\nsigma is the standard deviation of the natural logarithm. Pareto's max conditions the law to stay below it.";
    E0212: "address of a destination",
        "address is one IPv4 or IPv6 address as text. Two destinations with the same address share it, and one without an address has a public address of its own. Routes, security rules and noProxy go by it, and a private address takes no SNAT port. Names are not resolved.\n\nendpoints: n stands for n different addresses with one port each, so it does not go together with one literal address; give several destinations, or leave address out.";
    E0213: "workload incomplete",
        "A workload says when it opens connections (arrivals, bursts or both), where it connects to (destination) and how long a connection lives (lifetime), because all decide how many ports it holds. Only a traced workload needs neither destination nor lifetime: the trace says so.";
    E0214: "the trace says so already",
        "destination, lifetime, close, placement and replicas of a traced workload come from its trace, row by row, and so do the times: it takes no profile and no bursts. Given beside the trace they would have to be ignored, so they are refused. connect and retry do apply.";
    E0215: "more than 5,000 nodes",
        "An AKS cluster has at most 5,000 nodes (includes/container-service-limits.md), and so has a scenario: the sum of count here, and of maxCount in E0251.\n\nWhere a trace has more sources than that, nodes picks those that count: { \"file\": \"conn.log\", \"nodes\": [\"10.0.0.0/24\"] }.";
    E0216: "nothing to simulate",
        "A scenario needs at least one workload that opens connections and at least one outbound type that they leave by. `snatsim compare` adds Load Balancer, NAT Gateway and Azure Firewall where they are missing.";
    E0217: "closed loop without time",
        "A client of a closed loop thinks, connects, lives and thinks again. Where it thinks for no time at all and a connection takes none either, it would open infinitely many connections at one instant. So the think time is above 0, if only a little.";
    E0218: "replicas and placement",
        "Two ways to say which nodes open the connections of a workload exclude each other. replicas is a number of pods: the scheduler deals them evenly to the nodes of the pool, in their order, so 5 replicas on 20 nodes load 5 nodes, and 30 replicas on 20 nodes give the first 10 nodes two each. placement gives every node its share directly.\n\nnoisyReplica is the share of all connections that one of the replicas opens, and with it its node: { \"replicas\": 10, \"noisyReplica\": 0.5 }. It needs replicas beside it.";
    E0219: "rate of the system traffic",
        "systemTraffic stands for what every node and its system pods open by themselves: connections held to the API server, calls of Azure's API, image pulls, monitoring. Each is a number of at least 0 for every node; 0 leaves it out, and what is not given has a default, which is assumed. They are workloads called \"system: …\" in results, over the nodes that there are at the start.\n\nSource of the destinations: MicrosoftDocs/azure-aks-docs, articles/aks/outbound-rules-control-egress.md. No document says how often they are called: count yours (the connections of a node without pods of yours), and set the numbers.";
    E0270: "no rate to move",
        "profile multiplies the rate of poisson, constant, bursty or batch arrivals by a factor of the time, and bursts add connections by the clock. Clients of a closed loop have no rate: each opens its next connection when it has thought, and a burst among them would have nobody to wait for it. A trace has its own times, row by row (E0214).\n\nGive what moves a workload of its own: two workloads may have the same destination, placement and lifetime.";
    E0271: "profile without meaning",
        "A profile has either a name, { \"named\": \"officeHours\" }, or factors of its own:\n\n{ \"factors\": [ { \"at\": \"0h\", \"factor\": 0.2 }, { \"at\": \"8h\", \"factor\": 1.5 } ], \"every\": \"24h\" }\n\nEach factor holds from its time to the next; the first is at 0s, so that something is said of every time. \"every\" says when they begin anew; without it the last one holds to the end. \"start\" says how far into the profile the run begins.\n\nThe rate at a time is the rate of the arrivals times the factor. Nothing is normalised: factors with a mean of 0.5 halve the load. The named ones have a mean of 1 over their day or week.";
    E0272: "states that do not burst",
        "bursty arrivals are Poisson at one of two rates, each for an exponential time: { \"on\": { \"perSecond\": 500, \"mean\": \"30s\" }, \"off\": { \"perSecond\": 5, \"mean\": \"5m\" } }. The rates are over the whole cluster and at least 0, one of them above; the mean times are at least 1ms.\n\nIn the long run that is (on x its time + off x its time) / (both times) connections per second: here 50. With \"correlation\": \"workload\" all nodes are in the same state, with \"node\" each for itself.\n\nSource: H. Heffes and D. M. Lucantoni, IEEE Journal on Selected Areas in Communications 4, 1986.";
    E0273: "batch without a size",
        "A batch has at least one connection and at most a million, all opened at one instant on one node and to one endpoint: { \"batch\": { \"batchesPerSecond\": 0.5, \"size\": { \"geometric\": { \"mean\": 20 } } } }. A size is constant, uniform from min to max, or geometric with a mean.\n\nBatches come at instants of a Poisson process. Connections per second are batchesPerSecond times the mean size.";
    E0274: "burst that does not fit",
        "A burst is a number of connections by the clock: { \"at\": \"9h\", \"connections\": 2000, \"over\": \"1m\" }. \"every\" makes it come again, and is then at least as long as the burst takes.\n\nThe connections are dealt to nodes and endpoints by their shares, and each node opens its part evenly spaced over \"over\". \"stagger\" spreads the starts of the nodes: of 10 nodes with \"stagger\": \"5m\", one begins every 30 s.";
    E0280: "local ports that cannot be had",
        "netIpv4IpLocalPortRange is written as the kernel writes it: the first and the last port with a space between, \"32768 60999\". AKS takes a first port of 1024 to 60999 and a last one of 32768 to 65535.\n\nIt is the range of the node's own address, which pods on the host network share. Any other pod has its own network namespace, which begins with 32768 to 60999 whatever its node is set to: 60,999 - 32,768 + 1 = 28,232 connections at a time toward every destination address and port, those in TIME_WAIT included. A pod gets another range by the sysctl net.ipv4.ip_local_port_range in its securityContext: \"localPortRange\" of the workload, any two ports from 1 to 65535.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/custom-node-configuration-reference.md.";
    E0281: "size or time-out of the connection table",
        "Linux keeps every connection that leaves a node in a table (conntrack), and drops the first SYN of another one when the table is full. netNetfilterNfConntrackMax sets its size as documented, 131,072 to 2,097,152 in AKS.\n\nWhere it is not set, documents say memory / 16,384 bytes: 524,288 for 8 GiB. On nodes max(32,768 x vCPUs, 131,072) was seen, whatever they were set to, because kube-proxy sets its own: 131,072 with 4 vCPUs, 262,144 with 8. Which of the two holds is the assumption conntrackSize; vCPUs and memoryGiB say what the nodes have.\n\nSources: MicrosoftDocs/azure-aks-docs, articles/aks/custom-node-configuration-reference.md; Azure/AKS issues 3051 and 5529.";
    E0282: "a node of which too little is known",
        "nodeNat simulates what a connection passes on its node, and the network plugin decides what that is: with kubenet and Azure CNI Overlay everything that leaves a node has the node's address, with Azure CNI Node Subnet what leaves the virtual network, with Azure CNI Pod Subnet nothing. So it needs nodePools and networkPlugin.\n\nSources: MicrosoftDocs/azure-aks-docs, articles/aks/concepts-network-legacy-cni.md and articles/aks/concepts-network-azure-cni-overlay.md.";
    E0283: "not simulated beside the node's own layer",
        "With nodeNat every connection is followed from its pod over its node to the outbound type, in one order of time. Events, pools of connections, owners that reconnect, and connections that idle out without a reset are not followed that way: when their sockets and their entries of the connection table are given back depends on more than the connection itself.\n\nThey are refused rather than simulated without the layer, because figures that leave it out would answer another question.";
    E0284: "a node pool of Windows",
        "Pods of a Windows node do not leave with addresses of their own: Windows translates them to 64 ports of the node's address (OutboundNAT), before the outbound type has a say. That is simulated with \"nodeNat\", so a pool with \"osType\": \"Windows\" needs it. How the 64 ports count, and how long one is held, are the assumptions windowsOutboundNatPorts and windowsOutboundNatHold.\n\n\"windowsProfile\": { \"disableOutboundNat\": true } turns it off, as `az aks nodepool add --disable-windows-outbound-nat` does: on Windows only, and not behind a Load Balancer (E0318).\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/nat-gateway.md.";
    E0290: "gaps between packets that make no sense",
        "keepalive is the longest gap between packets of an open connection, above 0s; activity gives a law of the gaps: { \"gap\": { \"exponential\": { \"mean\": \"1m\" } } }. Only gaps as long as the outbound type's idle timeout matter, minutes in Azure, so a law of the pauses between bursts of packets says all there is to say. Gaps are drawn one by one, so 100,000 along a lifetime are the most.";
    E0291: "silence or a pool where there can be none",
        "keepalive and activity say when packets flow on connections that a workload opens. reconnect lets the owner of one that broke open another for the rest of its lifetime; clients of a closed loop think instead.\n\npool makes the arrivals of a workload requests, which go through pools of TCP connections; clients of a closed loop have one connection each, and a UDP flow is none that could be kept. While a connection of a pool is used packets flow all along, and while it is idle only those of the pool's own keepalive.";
    E0292: "pool that serves nobody",
        "A pool has these settings, all optional:\n\n{ \"perNode\": 4, \"maxIdle\": 2, \"maxOpen\": 10, \"idleTimeout\": \"90s\", \"maxLifetime\": \"10m\", \"keepalive\": \"30s\" }\n\nperNode counts the instances of the application on a node, 1 to 64, each with a pool of its own to every endpoint; with replicas beside the pool it is left out, and every replica is one. maxOpen is at least 1, the durations are above 0s, and what is left out has no limit. \"maxIdle\": 0 closes every connection after its request.";

    // --- Routes, security rules, the HTTP proxy: E023x ---
    E0230: "network of the address space",
        "network.vnetAddressSpace lists the networks that nodes reach privately: those of the virtual network and of what is peered with it, in CIDR notation. Connections to them take no SNAT port. Private addresses that no network of the list and no route covers are dropped, by Azure's system routes to None.\n\nLeft out, all private ranges (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7) count as reached.\n\nSource: MicrosoftDocs/azure-docs, articles/virtual-network/virtual-networks-udr-overview.md.";
    E0231: "priority of a security rule",
        "Rules of a network security group are looked at by priority, the lowest number first, and the first that matches decides. Priorities are 100 to 4096, each once in a direction. Azure's own rules come after them: AllowVnetOutBound (65000), AllowInternetOutBound (65001), DenyAllOutBound (65500).\n\nSource: MicrosoftDocs/azure-docs, articles/virtual-network/network-security-groups-overview.md.";
    E0232: "prefix or tag of a security rule",
        "A security rule says where to by a network, an address, `*`, or the tags `Internet` and `VirtualNetwork`. Other service tags stand for lists of networks that Microsoft changes every week; snatsim has no copy of them. Give the networks that matter to the destinations of the scenario instead.\n\nA destination without `address` is a public address in no particular network: only `*`, `Internet` and 0.0.0.0/0 match it, and `VirtualNetwork` where a default route of the user's makes all addresses part of it.";
    E0233: "a security rule for some of the nodes",
        "Nodes have no addresses in a scenario and belong to no application security groups, so a rule for some sources cannot be decided. Rules for all of them, `*` or `VirtualNetwork`, can.";
    E0234: "ports of a security rule",
        "destinationPortRange is a port (`443`), a range (`1000-2000`) or `*`; destinationPortRanges is a list of them.";
    E0235: "prefix of a route",
        "addressPrefix of a route is a network in CIDR notation, each once in a table. The longest prefix that holds an address decides; of equal ones a user's route goes before Azure's own.\n\nSource: MicrosoftDocs/azure-docs, articles/virtual-network/virtual-networks-udr-overview.md.";
    E0236: "next hop of a route",
        "nextHopIpAddress is the private address of an appliance and belongs to nextHopType VirtualAppliance, which needs it; the other types have none.";
    E0237: "routeShare without a route",
        "routeShare is the share of a destination's connections that take `route`; the others go by the internet, as while a move to a private endpoint is half done. Without a route, or with the route \"internet\", it says nothing.";
    E0238: "address of the HTTP proxy",
        "httpProxy and httpsProxy of httpProxyConfig are http:// or https://, a host, a colon and a port. A host that is a name is taken to be inside the virtual network; an address has to be private.\n\nConnections to a public proxy take a SNAT port each, toward the proxy. That is simulated by declaring the proxy as a destination.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/http-proxy.md.";
    E0239: "a static egress gateway that cannot be",
        "A static egress gateway is a node pool of mode Gateway with a prefix of public IPs, /28 to /31 (16 to 2 of them), and at most as many nodes as that. Pods that are annotated with its StaticGatewayConfiguration leave through it, but for what excludeCidrs lists. It does not go with Azure CNI Pod Subnet.\n\nIts public IPs belong to the gateway's nodes, so they stand where node public IPs stand: after a route table and a NAT Gateway, before the Load Balancer. How many ports they have is not simulated.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/configure-static-egress-gateway.md.";
    E0240: "what a proxy opens cannot be said",
        "network.proxy puts the proxy of httpProxyConfig on a node pool: { \"nodePool\": \"proxy\", \"replicas\": 2, \"opensTLS\": true, \"pool\": { \"maxIdle\": 50, \"idleTimeout\": \"90s\" } }. For every workload that goes to it there is then another, \"… by proxy\", which opens what the proxy opens.\n\nThat takes an httpProxyConfig that leads to it and a node pool that there is. A pool at the proxy knows arrivals only, no clients of a closed loop; and a proxy that opens a connection for each that comes to it would have to know when pools of its clients open theirs.\n\nWithout network.proxy the proxy is somewhere else; what it opens can be a workload of its own, with noHttpProxyVars, as in `snatsim example http-proxy`.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/http-proxy.md.";
    // --- The addresses of a cluster: E025x ---
    E0250: "more nodes than kubenet has routes for",
        "With kubenet every node takes a route in a route table of Azure, which holds 400, so a kubenet cluster has at most 400 nodes. Counted is the most that every pool may have: the larger of count and maxCount.\n\n\
         Azure CNI Overlay gives pods addresses of their own range in the same way and has no such table.\n\n\
         Source: `aks:articles/aks/concepts-network-legacy-cni.md`.";
    E0251: "a node pool too large, or too many pools",
        "A node pool is a scale set of virtual machines and has at most 1,000 nodes; a cluster has at most 100 pools and 5,000 nodes in all. `az aks` takes no maxCount above 1,000 either.\n\n\
         Outbounds of type custom are not held against it: they need not be AKS.\n\n\
         Sources: `includes/container-service-limits.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0252: "maxPods out of range",
        "A node has room for 10 to 250 pods. Where nothing is said it is 30 with Azure CNI Node Subnet, 110 with kubenet and Azure CNI Pod Subnet, and 250 with Azure CNI Overlay. With Node Subnet every pod that a node may have takes an address of the subnet, whether it runs or not.\n\n\
         Sources: `aks:articles/aks/concepts-network-ip-address-planning.md`, `aks:articles/aks/concepts-network-azure-cni-overlay.md`.";
    E0253: "too few addresses for all nodes",
        "Nodes and pods have their addresses from ranges, and AKS checks that there are enough for the most nodes every pool may have. Its words are: Pre-allocated IPs 1280 exceeds IPs available 1024 in Subnet Cidr 10.240.100.0/22, Subnet Name networkProfile.podCIDR. Code InsufficientSubnetSize. An upgrade needs addresses for its surge nodes as well, so they are counted here.\n\n\
         Azure CNI Node Subnet: (nodes + surge) + (nodes + surge) x maxPods addresses of the subnet, of which Azure keeps 5 for itself. 50 nodes with a surge of 1 and 30 pods each need 1,581. A /24 has 251 and is enough for 8 nodes.\n\n\
         kubenet and Azure CNI Overlay: an address of the subnet for every node, and a /24 of the pod CIDR, 10.244.0.0/16 where nothing is said, which is enough for 256 nodes.\n\n\
         Azure CNI Pod Subnet: an address of the subnet for every node, and of the pod subnet at least a batch of 16 each; with StaticBlock as many blocks of 16 as maxPods and one more address need.\n\n\
         Sources: `aks:articles/aks/concepts-network-ip-address-planning.md`, `aks:articles/aks/concepts-network-azure-cni-overlay.md`, `aks:articles/aks/configure-kubenet.md`, `aks:articles/aks/concepts-network-azure-cni-pod-subnet.md`, `aks:articles/aks/configure-azure-cni-static-block-allocation.md`; the literal words from Azure/AKS-Construction#701.";
    E0254: "words of the network that do not go together",
        "The network plugin decides where pods have their addresses from: kubenet and Azure CNI Overlay (networkPlugin azure, networkPluginMode overlay) from podCidr; Azure CNI Node Subnet (azure, no mode) from the subnet of the nodes; Azure CNI Pod Subnet (azure, no mode, and a pod subnet) from a subnet of their own, where podIPAllocationMode may be set. Words of another plugin would change nothing, so they are refused.\n\n\
         A scenario need not say any of it: without networkPlugin nothing is held against addresses.";
    E0255: "not an address prefix",
        "Ranges of addresses are written as the first address and the length: \"10.240.0.0/16\" has 65,536 addresses, \"10.240.0.0/24\" 256. AKS refers to subnets by resource id only, which does not tell the size, so the prefix has to be copied: `az network vnet subnet show --query addressPrefix`.";
    E0256: "a LoadBalancer Service that cannot be",
        "cluster.loadBalancerServices lists Kubernetes Services of type LoadBalancer: { \"ports\": [80, 443], \"frontend\": \"outbound\" }. AKS gives each a public IP of its own (\"own\", the default), and then they take nothing from SNAT. One that shares an IP of the outbound rule (\"outbound\") takes for every port the aligned block of 8 ports it lies in: 80, 81 and 443 take two blocks, 16 ports.\n\n\
         A cluster has at most 300 of them.\n\n\
         Sources: `articles/load-balancer/load-balancer-outbound-connections.md`, `articles/load-balancer/outbound-rules.md`, `includes/container-service-limits.md`.";

    // --- Outbound types: E03xx ---
    E0301: "no such outbound type",
        "Every entry of `outbound` names its type in `outboundType`, in the words of AKS: loadBalancer, managedNATGateway, userAssignedNATGateway, userDefinedRouting (to an Azure Firewall), none and block (no egress), or custom for anything else. managedNATGatewayV2 is taken too: its ports, limits and timers are those of managedNATGateway.\n\n\
         A block that `az aks show --query networkProfile` prints has the field already. AKS itself takes a missing one for loadBalancer; here it has to be said, because a block that was meant for another type would else be simulated as a Load Balancer without a word.\n\n\
         Source: `aks:articles/aks/egress-outboundtype.md`.";
    E0303: "a block missing or out of place",
        "Three blocks are not Azure's but ours, and each belongs to one outbound type: `azureFirewall` to userDefinedRouting, since AKS does not know what its default route leads to, `natGateways` to userAssignedNATGateway, and `custom` to custom. With another type they would change nothing, so they are refused. `custom` cannot do without its block, as there is nothing it could default to.\n\n\
         Azure's own profiles may stand beside any type: a pasted block often has both loadBalancerProfile and natGatewayProfile, and only the one of the type counts. What an event sets is written for the event, and there the profile of another type is refused: it would change nothing, and the plan would go on as if it had.";
    E0304: "a custom type that is not complete",
        "A custom type has no defaults for what it is: `scope` says who shares a pool (perNode or shared), `portsPerPool` how many ports a pool has toward one destination endpoint. `activePerPool` is optional: a second limit, on connections that are active and not just held after their end. All are whole numbers above 0.\n\n\
         Example: a Linux node that masquerades through 64 ports is { \"scope\": \"perNode\", \"portsPerPool\": 64 }; an AWS NAT gateway with one address is { \"scope\": \"shared\", \"portsPerPool\": 55000 }.";
    E0305: "an assumption out of range",
        "Assumptions stand for what Azure does not document, or documents in two ways. Some are numbers for which no value outside a range was ever documented: a firewall has 2 to 50 instances, and automatic ports beyond 1,000 nodes are a multiple of 8 up to 1,024, or refused.\n\n\
         Sources: `articles/firewall/prescaling.md`, `articles/load-balancer/load-balancer-outbound-connections.md`.";
    E0306: "a prefix of unknown size",
        "A prefix brings 16, 8, 4 or 2 addresses (/28 to /31), and the number of addresses decides how many ports there are. A cluster's profile names its prefixes by resource id only, so the length has to be added by hand: \"prefixLength\": 28 beside \"id\". `az network public-ip prefix show --ids ID --query prefixLength` prints it.\n\n\
         Listed addresses and prefixes may stand together; their addresses are added up.\n\n\
         Source: `articles/nat-gateway/troubleshoot-nat.md`.";
    E0310: "ports not a multiple of 8",
        "Load Balancer allocates SNAT ports in blocks of 8, so the ports per node have to be a multiple of 8. 1,001 ports are refused; 1,000 and 1,008 are accepted. `az aks` says: --load-balancer-allocated-ports must be a multiple of 8. (The option is in fact called --load-balancer-outbound-ports.) ARM's code is SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight.\n\n\
         Sources: `articles/load-balancer/outbound-rules.md`, `articles/load-balancer/load-balancer-common-deployment-errors.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0311: "ports out of range",
        "A public IP of a Load Balancer has 64,000 SNAT ports per protocol, and no node can have more than those of one address. 0 leaves the number to Azure's table: 1,024 ports a node up to 50 nodes, 512 up to 100, 256 up to 200, 128 up to 400, 64 up to 800, 32 up to 1,000, times the number of addresses, but at most 1,024.\n\n\
         `az aks` says: --load-balancer-allocated-ports must be in the range [0,64000].\n\n\
         Sources: `articles/load-balancer/load-balancer-outbound-connections.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0312: "too few ports for all nodes",
        "Manual ports are set aside for every node the cluster may come to have, so Azure refuses any create, update or scale for which counted nodes x ports is more than public IPs x 64,000. It counts for each node pool the most nodes it may have (maxCount with autoscaler, else count) and the nodes an upgrade adds (maxSurge; a percentage rounds up). That is why 22 planned nodes can be counted as 25.\n\n\
         Example: 9 counted nodes with 8,000 ports need 72,000; one address has 64,000, so it is refused. 7,104 ports would fit (64,000 / 9 is 7,111; rounded down to a multiple of 8), and so would two addresses.\n\n\
         Inbound rules on a frontend that is used for outbound too take the block of 8 ports they lie in from the supply: rules on 80, 81 and 443 take 16 ports.\n\n\
         To mend it, lower the ports, add addresses, or lower maxCount or maxSurge. More addresses do not give a node more ports: they let more nodes have them.\n\n\
         ARM's code is InvalidLoadBalancerProfileAllocatedOutboundPorts. Sources: `aks:articles/aks/configure-load-balancer-standard.md`, `articles/load-balancer/outbound-rules.md`, the support article of that code (azure-kubernetes/create-upgrade-delete).";
    E0313: "idle timeout of a Load Balancer out of range",
        "The idle timeout of an outbound rule is 4 to 120 minutes in ARM and 4 to 100 in `az aks`, which says: --load-balancer-idle-timeout must be in the range [4,100]. AKS sets 30 where nothing is said. A connection that is left open without a word holds its port all that time, so shorter is safer.\n\n\
         To simulate a timeout that Azure does not offer, use \"timers\": { \"idle\": \"90s\" }.\n\n\
         Sources: `articles/load-balancer/outbound-rules.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`, `aks:articles/aks/load-balancer-standard.md`.";
    E0314: "public IPs of a Load Balancer out of range",
        "A cluster's Load Balancer has 1 to 100 outbound addresses: managed ones, of which AKS makes as many as asked for, or own ones, listed one by one or by prefix.\n\n\
         Source: `aks:articles/aks/configure-load-balancer-standard.md`.";
    E0315: "public IPs given in two ways",
        "The addresses of an outbound type are either managed by AKS, as a number, or one's own, as a list of addresses and prefixes. When one is set Azure clears the other, so a profile that has both would not survive its next update, and it is unclear how many addresses it means.\n\n\
         Source: `aks:articles/aks/configure-load-balancer-standard.md`.";
    E0316: "an idle timeout that `az aks` refuses and ARM accepts",
        "Documents disagree on the longest idle timeout of a Load Balancer's outbound rule: 100 minutes in older ones and in `az aks`, 120 in newer ones and in ARM. From 101 to 120 minutes the entry is simulated with this note: it has to be deployed by ARM, Bicep or Terraform.\n\n\
         Sources: `articles/load-balancer/outbound-rules.md` (2024-04-11), `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0317: "automatic ports beyond Azure's table",
        "Azure's table of automatic ports ends at 1,000 nodes with 32 ports each; clusters may have 5,000. What happens beyond is not documented. The assumption automaticPortsAbove1000Nodes says what is simulated: 32 ports per node and address (the default), or refuse.\n\n\
         Beyond 2,000 nodes even 32 ports each are more than an address has. A cluster of that size should set allocatedOutboundPorts, or use a NAT Gateway.\n\n\
         Sources: `articles/load-balancer/load-balancer-outbound-connections.md`, `includes/container-service-limits.md`.";
    E0318: "a Load Balancer before Windows nodes without OutboundNAT",
        "AKS does not take node pools with disableOutboundNat in a cluster whose outbound type is loadBalancer. Behind a NAT Gateway or a user-defined route it does, and pods of Windows then have all of its ports instead of 64 a node.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/nat-gateway.md (\"Disable OutboundNAT for Windows\").";
    E0320: "public IPs of a NAT Gateway out of range",
        "A NAT Gateway has 1 to 16 public IPv4 addresses, with 64,512 SNAT ports each. `az aks` says: --nat-gateway-managed-outbound-ip-count must be in the range [1,16]. When 16 are not enough, put node pools on subnets with a NAT Gateway each (`natGateways`).\n\n\
         Sources: `articles/nat-gateway/nat-sku.md`, `articles/nat-gateway/troubleshoot-nat-connectivity.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0321: "idle timeout of a NAT Gateway out of range",
        "The TCP idle timeout of a NAT Gateway is 4 to 120 minutes, 4 where nothing is said; that of UDP is fixed at 4. `az aks` says: --nat-gateway-idle-timeout must be in the range [4,120]. Azure advises against raising it to cure failures: ports of idle connections are then held longer.\n\n\
         To simulate a timeout that Azure does not offer, use \"timers\": { \"idle\": \"90s\" }.\n\n\
         Sources: `articles/nat-gateway/nat-gateway-resource.md`, `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.";
    E0330: "public IPs of a firewall out of range",
        "An Azure Firewall has 1 to 250 public addresses. Each brings 2,496 SNAT ports per instance and destination endpoint; with two instances 250 of them bring 1,248,000. Behind AKS at least 20 are advised. A NAT Gateway on AzureFirewallSubnet is the way to more.\n\n\
         Sources: `articles/firewall/integrate-with-nat-gateway.md`, `aks:articles/aks/egress-udr.md`.";
    E0331: "instances of a firewall out of range",
        "An Azure Firewall runs on at least 2 instances. Documents disagree on the most: 20 in the known issues, 50 in the newer page on prescaling. The assumption firewallMaxInstances says which holds. SNAT use does not make a firewall scale out: throughput, CPU and the number of connections do.\n\n\
         Sources: `articles/firewall/firewall-known-issues.md`, `articles/firewall/prescaling.md`, `articles/firewall/firewall-faq.yml`.";
    E0332: "idle timeout of a firewall out of range",
        "The TCP idle timeout of an Azure Firewall toward the Internet is 4 minutes, and a support request can raise it to 15. There is no setting for it.\n\n\
         To simulate any other timeout, use \"timers\": { \"idle\": \"90s\" }.\n\n\
         Source: `articles/firewall/tcp-session-behavior.md`.";
    E0333: "minCapacity and maxCapacity of a firewall",
        "autoscaleConfiguration bounds the instances of an Azure Firewall: minCapacity (prescaling) is what it always has, maxCapacity what it may scale to. Each is 2 to 50 (to 20 by an older page, see firewallMaxInstances), and they are equal or differ by at least 2. Where they are equal, nothing scales. instances are those at the start, between the two.\n\n\
         Source: `articles/firewall/prescaling.md` (2025-10-13).";
    E0334: "a rule of a firewall that cannot be",
        "A firewall with autoscaleConfiguration scales by the rule of Azure as far as the expected load tells it: { \"minCapacity\": 2, \"maxCapacity\": 10, \"connectionsPerSecondPerInstance\": 2000, \"scaleOutAfter\": \"7m\", \"scaleInAfter\": \"10m\" }. The last three are ours: Azure documents that throughput or CPU of 60 percent make it scale, and not how many connections a second that is; it takes 5 to 7 minutes to scale out, and how long use has to be low before it scales in is not documented.\n\n\
         SNAT ports in use do not make a firewall scale. With a NAT Gateway on its subnet the ports are the gateway's, however many instances there are.\n\n\
         Sources: `articles/firewall/firewall-faq.yml`, `articles/firewall/firewall-performance.md`.";

    E0340: "default route to the internet",
        "With userDefinedRouting AKS sets up no way out; the cluster leaves by the routes of its subnet. AKS refuses a default route (0.0.0.0/0) to Internet, since that would be a way out that nobody has set up: it has to lead to a firewall, an appliance or a gateway.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/egress-udr.md.";
    E0341: "no such change of the outbound type",
        "AKS changes the outbound type of a cluster only from some types to some others (`az aks update --outbound-type`). In a virtual network that AKS manages: loadBalancer to managedNATGateway and back (the way back is missing in the table of the document, and is a command further down). In one of one's own: loadBalancer, userAssignedNATGateway and userDefinedRouting among each other. Any other change needs a new cluster.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/egress-outboundtype.md.";
    E0360: "number of NAT Gateways",
        "natGateways of a userAssignedNATGateway has the gateways beside that of natGatewayProfile: at least one, or it is left out, and together at most 64. Every gateway has ports of its own, 64,512 for each of up to 16 public IPs, and serves the subnets that it is on (articles/nat-gateway/nat-gateway-resource.md).";
    E0361: "node pool and NAT Gateway",
        "A subnet has one NAT Gateway at most, and a gateway may be on several subnets (articles/nat-gateway/nat-gateway-resource.md). So every node pool leaves by exactly one: by the gateway of natGateways that names it, all others by that of natGatewayProfile.\n\nExample: { \"outboundType\": \"userAssignedNATGateway\", \"natGateways\": [ { \"name\": \"batch-gateway\", \"nodePools\": [\"batch\"], \"natGatewayProfile\": { \"publicIPs\": 4 } } ] }. In Azure the pools are on subnets of their own (vnetSubnetID), each with its gateway: `az network vnet subnet update --nat-gateway`.";
    E0362: "different idle timeouts",
        "All gateways of one entry have the same idle timeout here, so that the hold times of an outbound are those of all its connections. Azure allows each its own. Simulate the node pools of a gateway that differs as a scenario of their own: gateways share nothing, so the figures are the same.";

    // --- Traces: E04xx ---
    E0401: "file cannot be read",
        "A file that the scenario names cannot be opened or read. Names are relative to the scenario; a scenario from standard input has its files relative to the working directory.\n\nText is UTF-8; gzip is recognised by content, whatever the name.";
    E0402: "not a trace",
        "A trace is CSV with a header line, or a Zeek conn.log as Zeek writes it (TSV or JSON, one object a line), each gzipped or not. Which one is recognised by its first line: { begins JSON, # begins a Zeek header, anything else is the header of a CSV.\n\nThe columns of a CSV: start (seconds from the start of the run), node (a node's name, or an address), protocol (tcp or udp), address, port, lifetime (seconds), close (fin, rst, abandon, unanswered; empty for fin), keepalive (seconds between packets; empty for packets all along).";
    E0403: "column missing",
        "A column that a trace cannot do without is missing. CSV: start, node, protocol, address, port, lifetime; close and keepalive may be left out. Zeek: ts, id.orig_h, id.resp_h, id.resp_p, proto; duration and conn_state may be unset.\n\nOf Zeek's logs only conn.log says how long connections lived.";
    E0404: "row cannot be read",
        "A row of the file has a field that does not parse. Rows are never skipped for it: a trace with holes gives wrong peaks. Only rows of other protocols than TCP and UDP, which use no SNAT port, are skipped and counted.\n\nstart of a CSV is taken literally and counts from the start of the run, so it is never negative; subtract the first time when converting. Time 0 of a Zeek log is its earliest ts.";
    E0405: "more sources than nodes",
        "Every source of a trace is a node. A source with the name of a node (apps-3) is that node; every other takes the next free node of the workload's pool, in order of first start; the same source is the same node in all traces of a scenario.\n\nGive the pool as many nodes as there are sources, pick the sources that count with nodes, or leave nodePools out, which makes every source a node of its own.";
    E0406: "not a network",
        "nodes lists the sources that count as networks in CIDR notation, IPv4 or IPv6: \"10.0.0.0/24\", \"fd00::/64\". A single address is a network too: \"10.0.0.7\". Rows of other sources are dropped before anything else, but for those whose source is the name of a node.";
    E0407: "no connection left",
        "Nothing of the trace can be replayed: it has no rows, or all of them are of other protocols, of sources that do not count, or start at or after duration.\n\nstart of a CSV counts in seconds from the start of the run: an epoch such as 1700000000 lies 54 years behind it. Subtract the first time.";

    // --- Events: E041x ---
    E0410: "an event of no kind, or of several",
        "An event says when it happens (\"at\", from the start of the run, warm-up included) and what, by one key: setOutbound (an outbound type is configured anew), scale (a node pool gets another number of nodes), upgrade (its nodes are drained and come back one batch after the other), stopAnswering (a destination does not answer for a while) or loseInstance (a firewall loses an instance).\n\nEvents of the same instant happen in the order of the list.";
    E0411: "an event outside of the run",
        "Events happen after the start and before the end of a run; what they bring about may last beyond the end. What is so from the start is not an event: it belongs into cluster or outbound.";
    E0412: "an event names what is not there",
        "scale and upgrade name a node pool of cluster.nodePools, stopAnswering one of destinations, and setOutbound and loseInstance an entry of outbound by its name (its outboundType, where it has no name of its own). They may leave the name out where the file has one entry. The instance that is lost is one of those that there are, and another one is left.";
    E0413: "an event changes what stays",
        "setOutbound changes figures of an outbound type (timers, ports, public IPs, instances of a firewall), or the type itself by another outboundType. Within one type, whether its ports are divided by node or shared (custom), and which NAT Gateway a node pool leaves by, stay as they are: simulate both as entries of outbound and compare them.\n\nAn idle timeout applies to connections that get their port after it. Ports that are taken away are taken at random, and connections on them are broken.";
    E0414: "a pool cannot have that many nodes",
        "A node pool is scaled to 1 node at least, and to no more than its maxCount, or the 1,000 nodes of an AKS pool. An upgrade has 1 surge node at least, and takes a batch of as many at a time. While a pool is upgraded nothing else happens to it.\n\nSources: `includes/container-service-limits.md`, MicrosoftDocs/azure-aks-docs, articles/aks/upgrade-aks-node-pools-rolling.md.";
    E0415: "connections that cannot move with the nodes",
        "When nodes come and go, a workload's connections spread over the nodes that there are: what a missing node would have opened, the others open. That has no meaning for a trace, which says which node opened what, for clients and pools of connections, each of which stays on its node, and for replicas, which stay where the scheduler put them; a hot node (placement) would take a larger share than it has, and a workload whose nodes are all gone has nobody to open its connections; nodes with public IPs of their own do not share a way out with the others, nor do those of node pools with NAT Gateways of their own.";
    E0416: "an event cuts what is kept",
        "Who keeps a connection has to learn what becomes of it. An event that takes ports away breaks connections at random, an event that takes a node away ends all on it, a destination that stops answering leaves open connections hanging, and another idle timeout holds for connections opened after it: pools of connections and owners that reconnect are not told of it, and would go on with connections that are gone. Which connections idle out inside their lives (keepalive, activity, the keepalive of a trace) is known before they are opened, by the idle timeout that there is all along.\n\nA change of the outbound type breaks all connections that are open: pools of connections learn of that and open others, owners that reconnect do not.\n\nBeside them an outbound type may get more ports, public IPs or instances, nodes may join behind owners that reconnect, and destinations of others may stop answering. For the rest simulate before and after as two entries of outbound, and compare them.";
    E0417: "an event that would do nothing",
        "Events of one instant divide the run at one border. If an outbound entry is changed twice there, or a node pool scaled twice, only the last would be seen, and nothing would be taken away by the one before it: give them different times.\n\nNor does a UDP destination that stops answering change anything here: a flow takes its port with the first packet and keeps it for the idle timeout, answered or not.";
    E0418: "an autoscaler that cannot be",
        "\"autoscale\" of a node pool is a rule: { \"minCount\": 3, \"maxCount\": 30, \"count\": 3, \"autoscale\": { \"connectionsPerSecondPerNode\": 40 } }. Minute by minute it wants as many nodes as the expected connections a second of the workloads on the pool take, and becomes scale events: nodes join scaleUpAfter later, and leave when they have been unneeded for scaleDownUnneededTime, but not within scaleDownDelayAfterAdd of the last that were asked for.\n\nThe pool then has no scale and upgrade events beside it, and a firewall that scales by a rule no setOutbound: who decides what would have to be said. Where a cluster has several pools, the workloads beside such a rule name theirs, because how much of a workload falls to a pool would hang on the nodes that the rule gives it.\n\nSource of the names and times: MicrosoftDocs/azure-aks-docs, articles/aks/cluster-autoscaler.md.";
    E0419: "a migration that cannot be simulated",
        "When the outbound type changes in the course of a run, all connections go to the ports of the new type, as `az aks update --outbound-type` has it. That is simulated where the change means the same to all of them: not where some take ports under one of the two types only (routes, node public IPs, static egress gateways), where node pools leave by NAT Gateways of their own, and where two UDP ports of one address share their SNAT ports under a Load Balancer and not under the others.\n\nSimulate before and after as two entries of outbound, which meet the same connections, and compare them.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/egress-outboundtype.md.";

    // --- Sweeps: E05xx ---
    E0501: "an axis leads nowhere",
        "An axis says with \"pointer\" which value of the scenario it sets: a JSON pointer (RFC 6901) as in `--set`, in which an element of a list may be named instead of counted: \"/outbound/NAT Gateway/natGatewayProfile/idleTimeoutInMinutes\". \"pointers\" sets several places to the same value. Objects on the way are made, list elements are not.\n\nThe Azure types that \"compare\": true fills in have no place in the file, so no axis leads to them: write them out to vary them.";
    E0502: "an axis without values",
        "An axis has its values in one of three forms: \"values\", a list of anything; \"range\" { from, to, step }, evenly spaced in exact decimals, up to \"to\"; \"logRange\" { from, to, count, integers? }, in equal ratios, rounded to four significant digits, or to whole numbers of which each counts once.";
    E0503: "paired axes that do not fit",
        "{ \"paired\": [ axis, axis ] } makes axes advance together, as when the load grows with the nodes: the first values of all make the first position, the second ones the second. So they have the same number of values. Axes that are not paired make every combination.";
    E0504: "name of an axis missing or given twice",
        "The name of an axis is its column in the table, so each has one, no two the same, and none that the table has anyway, such as \"point\", \"outbound\" or \"verdict\".";
    E0505: "labels do not fit",
        "Labels are what the table calls the values of an axis: one for each, all different. Numbers and texts need none; objects and lists do, because they fit into no cell.";
    E0506: "too many points",
        "The points of a sweep are all combinations of its axes, and there are at most 1,000,000: each is a simulation with all its replications. Pair axes that belong together, or space values by \"logRange\".";
    E0507: "two axes set the same place",
        "Two axes lead to the same value, or one into what the other replaces. Which of them counts would depend on their order, and the table would show a value that was not simulated.";
    E0508: "file or scenario cannot be read",
        "A sweep takes its scenario from a file beside it ({ \"file\": \"shop.json\" }), from itself ({ \"inline\": { … } }) or from those built in ({ \"example\": \"default-cluster\" }). The scenario has to be sound by itself: `snatsim compare` would take it. Files that it names are looked for beside it.";

    // --- What --rare needs: E06xx ---
    E0601: "no steady state to draw from",
        "`--rare` estimates how often a first SYN is refused in the steady state, where plain simulation sees none. It begins at instants at which a pool would be exactly full, which it can draw only where it knows what a pool holds as long as nothing is refused: Poisson arrivals at one rate, lifetimes with a mean, one port a connection.\n\nA trace has no steady state; nor has a load that varies in time. Clients that wait open what depends on earlier refusals. Simulate those plainly: with none failed, the upper bound in the table is what a run can vouch for, and ten times the replications make it ten times lower.";

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
    F0120: "how rare refusals are",
        "What `--rare` found: the probability that a connection's first SYN finds no port, in the steady state. It is made for probabilities that no run of bearable length sees: instants at which a pool would be exactly full are drawn on purpose, with the probability that they have, and the engine simulates the cluster of refusals around each.\n\nA refused first SYN is not yet a failed connection: with retransmits and retries most get a port later, so this bounds the failure probability from above. Where no connection sends a second SYN the two are the same.\n\nWhere there is no estimate the reason is given: refusals that are not rare are better counted by plain simulation.";
    F0121: "waves of returning ports",
        "A run starts with no port in use. Where connections come faster than ports return, a pool fills at once, nearly all of its ports come back together a hold later, and are taken together again: the failure probability swings with a period of one mean hold until differing lifetimes have spread the wave, which takes many periods where a hold-down of fixed length is most of a hold. A window of a few holds then sees a crest or a trough. Every replication starts empty and has the same waves, so the interval does not show it.\n\nWith 101 nodes at nearly twice what their ports carry, ten minutes of counting said 44 % where long runs say 48 %.\n\nMake the duration at least the warm-up and ten mean holds.";
    F0140: "the verdict hangs on what Azure leaves open",
        "Some numbers are documented in two ways, or not at all: how long a Load Balancer keeps a port after a FIN, whether held ports count toward a NAT Gateway's 50,000 connections to one endpoint. Each is an assumption with a default and what else is said. `--uncertainty` ran the scenario again under the other values, one at a time and on the same connections, and at least one gave another verdict.\n\n\
         Do not rely on the better of the two. Measure which holds for you (Azure Monitor counts ports in use and failed connections), set it under \"assumptions\", or plan for the worse one.\n\n\
         The assumptions, their values and sources stand in docs/model.md; `alternatives` of the result has the figures.";

    F0130: "connections that take no port",
        "These connections are not translated to a public address, so no SNAT port limits them: they go by private endpoint, service endpoint, peering, inside the virtual network, by a node's own public IP, by an HTTP proxy, and so on. They count as `bypassed`, outside offered, and the result lists them in `paths` with the rule that decided it.\n\nWhat they meet on that way (limits of the proxy, of an appliance, of the service) is not simulated.\n\nSource: MicrosoftDocs/azure-docs, articles/load-balancer/load-balancer-outbound-connections.md and articles/nat-gateway/troubleshoot-nat-connectivity.md.";
    F0131: "connections denied",
        "These connections are stopped before any NAT: by a network security group, by a route to None, or because the outbound type leads nowhere. They count as `denied`, outside offered: no number of SNAT ports helps them. `paths` in the result names the rule.\n\nIf they should get through, the rule is what to change; clients see connect timeouts, as with exhausted ports.";
    F0132: "two ceilings enforced as one",
        "With a NAT Gateway on AzureFirewallSubnet connections take the gateway's ports: 64,512 for each of its public IPs, 50,000 of them active toward one endpoint, 2 million connections in all. Each instance of the firewall still carries at most 250,000 connections.\n\nsnatsim enforces the smaller of the gateway's 2 million and instances x 250,000, over all instances together. Instances are dealt connections at random, so the fullest is a little fuller than the mean: with 250,000 each by about 0.2 percent.\n\nSource: MicrosoftDocs/azure-docs, articles/firewall/integrate-with-nat-gateway.md and articles/firewall/firewall-faq.yml.";
    F0133: "the ceiling on connections binds",
        "A NAT Gateway carries at most 2 million connections at a time, an instance of Azure Firewall at most 250,000, to all destinations together. Connections to many destinations reach that before the ports toward any one of them are short.\n\nMore public IPs do not help. Another gateway on the subnet of some node pools does, or more instances of the firewall, and everything that makes connections fewer or shorter.\n\nSource: MicrosoftDocs/azure-docs, articles/nat-gateway/nat-gateway-resource.md and articles/firewall/firewall-faq.yml.";
    F0150: "a load that moves",
        "The load of this workload is not the same all along: a profile of the day, two states, batches, or bursts by the clock. Ports run out at the peak and not at the mean, so the mean rate alone says little.\n\nThe failure probability is over all connections of the counted time; a quiet night in it makes a bad morning look good. refusedMinutes and timeline.csv say when it happened. Erlang's formula needs one rate, so there is none to compare with, and --rare needs a steady state.\n\nWhere a clock moves the load there is no interval with fewer than 10 replications: stretches of time that differ by design do not repeat each other.";
    F0151: "a peak that the run does not meet",
        "A profile is highest at a time that the counted part of the run does not reach: a run of three hours that begins at midnight never sees the morning. What is said about such a run holds for those hours only.\n\nMake the duration at least the period of the profile (24 hours, or 7 days) plus the warm-up, or begin where it matters: \"start\" in the profile says how far into it the run begins.";
    F0152: "bursts after the end",
        "A burst begins at or after duration, so it never comes. Lengthen duration, or let the burst begin earlier.";
    F0153: "a busy state that the run hardly meets",
        "The arrivals of this workload are at one of two rates for random times, and the busier of the two is so rare that the counted time of all replications together meets it fewer than five times on average. A run that never met it says nothing about it: that none was seen to fail may only mean that it was quiet, and the upper bound, which counts connections, does not know that they are all of a quiet time. Where it was met once or twice, an interval over replications hangs on those.\n\nAsk for more replications, or make the duration longer: 20 visits or more make figures that can be trusted. Where the question is what a burst does, simulate the burst: make the busy state the only one, or begin one by the clock (\"bursts\").\n\nThe number of visits is an expectation: replications x (share of the time that is busy + counted time / mean time from one busy state to the next), times the nodes where each bursts by itself.";
    F0160: "requests that share connections",
        "The arrivals of this workload are requests, and go through pools of connections: one pool for every application instance and endpoint. A request takes the idle connection that was used last; if there is none it has one opened, unless the pool has as many as it may, and then it waits. Only opening takes a SNAT port, so the counters of connections speak of connections opened, and `pool` in `byWorkload` of the requests.\n\nThe more requests find an open connection, the fewer ports are held down after use. Idle connections hold a port each.";
    F0161: "requests on connections that had idled out",
        "The network forgot a connection that lay idle in a pool for longer than its idle timeout, and the pool did not hear of it: a NAT Gateway sends its reset only when the next packet comes, a silent device none at all. The next request that takes the connection meets that error, and with a silent device only when the kernel gives up, after about 15 minutes.\n\nSet the pool's idle timeout below that of the network (4 minutes by default on NAT Gateway and Azure Firewall, 30 on the Load Balancer of AKS), or send keepalives more often.\n\nSource: MicrosoftDocs/azure-docs, articles/nat-gateway/nat-gateway-resource.md.";
    F0162: "requests failed for want of a connection",
        "The connection that was to be opened for these requests got no SNAT port, or no answer, and they failed with it. Other requests may have been served meanwhile by connections that were open: compare failed with requests, not with connections.";

    F0163: "what the HTTP proxy opens",
        "The proxy of httpProxyConfig stands on a node pool (network.proxy), and opens connections for the workloads that go to it: for each a workload \"… by proxy\" from those nodes, with the same arrivals, lifetimes and destination. With a pool, requests share connections; a connection to port 443 cannot be shared unless the proxy opens TLS (opensTLS), because the client's TLS goes through it as a tunnel.\n\nThe connections to the proxy itself take no SNAT port. When the proxy finds none, it is \"… by proxy\" that fails, and with it the request. Its connections come at other instants than the client's, by the same law.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/http-proxy.md.";
    F0164: "what nodes open by themselves",
        "cluster.systemTraffic adds workloads for what nodes and system pods open by themselves. The destinations are those that AKS requires; how often they are called and for how long is assumed, and stays as many over the cluster when nodes come and go. Set the numbers to what you count on a node without pods of yours.\n\nSource: MicrosoftDocs/azure-aks-docs, articles/aks/outbound-rules-control-egress.md.";

    F0170: "something happened in the course of the run",
        "An event of the scenario changed the outbound type or its nodes. When an automatic allocation falls to the next tier (50 to 51 nodes: 1,024 to 512 ports each), every node loses part of its ports; connections on ports that are taken away are broken, and their owners learn it by a timeout. Ports that are taken back from a node that leaves were of connections that end with it: those count as taken back, not as broken.\n\nPorts by hand (allocatedOutboundPorts) do not move with the number of nodes; they have to be few enough for the largest cluster, surge nodes included.\n\nWhen the outbound type becomes another (`az aks update --outbound-type`), all ports in use come back at once and all open connections break; with the assumption natGatewayBreaksOpenConnections set to false those that a NAT Gateway takes over from another type stay on their ports until they end.\n\nSources: `articles/load-balancer/load-balancer-outbound-connections.md` (2020-06-24); MicrosoftDocs/azure-aks-docs, articles/aks/egress-outboundtype.md.";
    F0171: "what an autoscaler did",
        "A node pool or a firewall scaled by a rule. The rule looks at the load to expect, every minute, from rates, profiles and bursts: never at what chance makes of it in one replication, nor at ports or failures. So all replications and all outbound types meet the same steps at the same instants, and a real autoscaler, which sees what is, is a little earlier or later.\n\nA node pool follows connections per second (the pods that open them are taken to scale with the load); real ones follow the CPU and memory that pods ask for. A firewall follows new connections and, by Little's law, connections at a time; Azure's also throughput and CPU. SNAT ports in use make none scale: a firewall that is short of ports and not of throughput stays as it is, and more public IPs or a NAT Gateway mend it.\n\n`snatsim explain SCENARIO` prints the schedule with its arithmetic.\n\nSources: MicrosoftDocs/azure-aks-docs, articles/aks/cluster-autoscaler.md; MicrosoftDocs/azure-docs, articles/firewall/firewall-faq.yml, articles/firewall/firewall-performance.md, articles/firewall/monitor-firewall-reference.md.";
    F0180: "not SNAT: the node ran out",
        "These connections never came to ask for a SNAT port: their own node refused them. No public IP, no NAT Gateway and no firewall mends that.\n\nLocal ports: a pod has 28,232 of them toward one destination address and port, and a connection that the pod closed keeps its one for 60 s (TIME_WAIT). When none is left connect() fails at once: \"cannot assign requested address\" (EADDRNOTAVAIL). More replicas help, and connections that are used again; so does a wider range, by the sysctl net.ipv4.ip_local_port_range of the pods' securityContext (localPortRange); netIpv4IpLocalPortRange of the node reaches only pods on the host network.\n\nMasquerade: the pods of a node share the node's address, with 64,512 ports toward one destination; with 28,232 local ports each it takes three busy pods to use them up. When none is left SYNs are dropped without a word. More nodes help, or Azure CNI Pod Subnet, which does not masquerade.\n\nConntrack: a full table drops SYNs to every destination; the kernel logs \"nf_conntrack: table full, dropping packet\". A closed connection stays in it for 120 s, one that nobody closes for a day. Take nodes with more vCPUs, or spread the pods; netNetfilterNfConntrackMax was seen to be overwritten by kube-proxy, so look at `sysctl net.netfilter.nf_conntrack_max` on a node before you rely on it.\n\nSources: MicrosoftDocs/azure-aks-docs, articles/aks/custom-node-configuration-reference.md; the kernel's Documentation/networking/nf_conntrack-sysctl.rst.";
    F0181: "how near the node came to its limits",
        "cluster.nodeNat follows every connection over its node: a local port of its pod, an entry of the node's connection table, a port of the node's address where the network plugin masquerades. None was refused there, so every figure of the outbound type is the same as without nodeNat. The peaks are of the time that counts, each of the fullest one of its kind: pod and destination, node and destination, node.";
    F0182: "little room left on a node",
        "Nothing was refused on a node, but a limit of the node's own layer came to 80 percent or more: local ports of a pod, ports of the node's address, or the node's connection table. The outbound type may have room to spare all the while.";
    F0183: "how many pods a node has",
        "Local ports are a pod's own, so it matters how many pods open the connections of a node. \"replicas\" of a workload says so: they are dealt evenly to the nodes, and each opens the same, or its part by noisyReplica. Without it all that a node opens of a workload counts as one pod's, which is the hardest case.";
    F0184: "how large a node is",
        "The size of a node's connection table follows from its vCPUs as observed (max(32,768 x vCPUs, 131,072)), or from its memory as documented (bytes / 16,384); the assumption conntrackSize says which. Where the scenario says neither, it is that of a Standard_D4s_v5: 4 vCPUs and 16 GiB.\n\nSet \"vCPUs\" and \"memoryGiB\" of nodeNat to what the nodes' vmSize has. `sysctl net.netfilter.nf_conntrack_max` on a node says which of the two holds.";

    // --- Findings about the input: F02xx ---
    F0201: "mean that does not exist",
        "The law has such a heavy tail that it has no mean: the longer a run, the larger the average it sees. Averages, and the peak of ports, then depend on the length of the run and on luck, and intervals are too narrow.\n\nPareto has a mean only for a shape above 1. Give it a max: nothing lives for ever, and the idle timeout or a restart ends a connection at last.";
    F0202: "rows of a trace left out",
        "Rows of a trace that are neither TCP nor UDP use no SNAT port and are skipped; rows of sources that \"nodes\" leaves out do not count.";
    F0203: "rows after the end",
        "Rows of a trace that start at or after duration are not replayed. Lengthen duration to replay the whole trace.";
    F0204: "a profile of another outbound type",
        "An outbound has the profile of another type beside its outboundType, as what az prints may have. Azure takes no notice of it, and neither does the simulation: ports and idle timeouts in it do not count. Put them into the profile of the type, or set outboundType to the one that is meant.";
    F0205: "an event that changes nothing",
        "An event scales a node pool to the number of nodes that it has by then. That is allowed, so that a sweep can go over the number, and changes nothing: look whether another number or another pool was meant.";
}
