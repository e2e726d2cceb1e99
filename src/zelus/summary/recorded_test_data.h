#pragma once
#include <string_view>
#include <utility>
#include <vector>

// Samples that k6 1.8.1 wrote (--out json) and the summaries that it printed of them; see
// summary_test.cc.
namespace zelus::summary::recorded {

struct Sample {
  std::string_view metric;
  double value;
  std::vector<std::pair<std::string_view, std::string_view>> tags;
};

inline constexpr long kDurationNs = 51362401;

inline const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"checks", 1.0, {{"check", "root é"}, {"group", ""}, {"scenario", "main"}}},
      {"http_reqs",
       1.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_duration",
       8.120908,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_blocked",
       1.003642,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_connecting",
       0.844484,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_tls_handshaking",
       0.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_sending",
       0.159579,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_waiting",
       7.803122,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_receiving",
       0.158207,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_failed",
       0.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "ok"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 0.0, {{"check", "odd"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 0.0, {{"check", "low"}, {"group", "::outer::inner"}, {"scenario", "main"}}},
      {"group_duration", 0.019026, {{"group", "::outer::inner"}, {"scenario", "main"}}},
      {"group_duration", 9.655045, {{"group", "::outer"}, {"scenario", "main"}}},
      {"cc", 2.5, {{"group", ""}, {"scenario", "main"}}},
      {"neg", -5.0, {{"group", ""}, {"scenario", "main"}}},
      {"Rr", 1.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_sent_big", 123456.0, {{"group", ""}, {"scenario", "main"}}},
      {"tt", 0.0004, {{"a", "b"}, {"group", ""}, {"scenario", "main"}}},
      {"tt", 999.999, {{"group", ""}, {"scenario", "main"}}},
      {"plain", 0.3333333333333333, {{"group", ""}, {"scenario", "main"}}},
      {"grpc_custom", 1.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_sent", 71.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_received", 341.0, {{"group", ""}, {"scenario", "main"}}},
      {"iteration_duration", 9.941141, {{"group", ""}, {"scenario", "main"}}},
      {"iterations", 1.0, {{"group", ""}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "root é"}, {"group", ""}, {"scenario", "main"}}},
      {"http_reqs",
       1.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_duration",
       0.655509,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_blocked",
       0.007344,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_connecting",
       0.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_tls_handshaking",
       0.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_sending",
       0.029154,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_waiting",
       0.515206,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_receiving",
       0.111149,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"http_req_failed",
       0.0,
       {{"expected_response", "true"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "ok"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "odd"}, {"group", "::outer"}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "low"}, {"group", "::outer::inner"}, {"scenario", "main"}}},
      {"group_duration", 0.024085, {{"group", "::outer::inner"}, {"scenario", "main"}}},
      {"group_duration", 0.853089, {{"group", "::outer"}, {"scenario", "main"}}},
      {"cc", 2.5, {{"group", ""}, {"scenario", "main"}}},
      {"neg", -6.0, {{"group", ""}, {"scenario", "main"}}},
      {"Rr", 0.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_sent_big", 246912.0, {{"group", ""}, {"scenario", "main"}}},
      {"tt", 61234.5678, {{"a", "b"}, {"group", ""}, {"scenario", "main"}}},
      {"tt", 999.999, {{"group", ""}, {"scenario", "main"}}},
      {"plain", 1000000000.0, {{"group", ""}, {"scenario", "main"}}},
      {"grpc_custom", 1.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_sent", 71.0, {{"group", ""}, {"scenario", "main"}}},
      {"data_received", 341.0, {{"group", ""}, {"scenario", "main"}}},
      {"iteration_duration", 1.004283, {{"group", ""}, {"scenario", "main"}}},
      {"iterations", 1.0, {{"group", ""}, {"scenario", "main"}}},
      {"checks", 1.0, {{"check", "ten"}, {"group", "::10"}, {"scenario", "default"}}},
      {"group_duration", 0.093145, {{"group", "::10"}, {"scenario", "default"}}},
      {"group_duration", 0.000972, {{"group", "::2"}, {"scenario", "default"}}},
      {"plain", 12.5, {{"group", ""}, {"scenario", "default"}}},
      {"data_sent", 0.0, {{"group", ""}, {"scenario", "default"}}},
      {"data_received", 0.0, {{"group", ""}, {"scenario", "default"}}},
      {"iteration_duration", 0.275186, {{"group", ""}, {"scenario", "default"}}},
      {"iterations", 1.0, {{"group", ""}, {"scenario", "default"}}},
  };
  return all;
}

inline constexpr std::string_view kFull = R"k6(

  █ THRESHOLDS 

    cc
    ✓ 'count==5' count=5
    ✓ 'rate>0.1' rate=97.347474/s

    checks{check:odd}
    ✗ 'rate>0.5' rate=50.00%

    data_sent_big
    ✗ 'count<1' count=370368

    dropped_iterations
    ✓ 'count<1' count=0

    neg
    ✓ 'value<0' value=-6

    plain
    ✓ 'avg>0' avg=333333337.611111
    ✗ 'p(95) < 400' p(95)=900000001.25

    Rr
    ✗ 'rate!=0.5' rate!=50.00%

    tt
    ✗ 'avg<1' avg=15.8s
    ✗ 'p(99.9)<3000' p(99.9)=1m1s

      {a:b}
      ✓ 'min>0' min=400ns


  █ TOTAL RESULTS 

    checks_total.......: 9      175.225453/s
    checks_succeeded...: 77.77% 7 out of 9
    checks_failed......: 22.22% 2 out of 9

    ✓ root é
    ✓ ok
    ✗ odd
      ↳  50% — ✓ 1 / ✗ 1
    ✗ low
      ↳  50% — ✓ 1 / ✗ 1
    ✓ ten

    CUSTOM
    cc.............................: 5      97.347474/s
    neg............................: -6     min=-6           max=0
    plain..........................: avg=333333337.611111 min=0.333333 med=12.5     max=1000000000 p(90)=800000002.5 p(95)=900000001.25
    Rr.............................: 50.00% 1 out of 2
    tt.............................: avg=15.8s            min=400ns    med=999.99ms max=1m1s       p(90)=43.16s      p(95)=52.19s      
      { a:b }......................: avg=30.61s           min=400ns    med=30.61s   max=1m1s       p(90)=55.11s      p(95)=58.17s      

    HTTP
    http_req_blocked...............: avg=505.49µs         min=7.34µs   med=505.49µs max=1ms        p(90)=904.01µs    p(95)=953.82µs    
    http_req_connecting............: avg=422.24µs         min=0s       med=422.24µs max=844.48µs   p(90)=760.03µs    p(95)=802.25µs    
    http_req_duration..............: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
      { expected_response:true }...: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
    http_req_failed................: 0.00%  0 out of 2
    http_req_receiving.............: avg=134.67µs         min=111.14µs med=134.67µs max=158.2µs    p(90)=153.5µs     p(95)=155.85µs    
    http_req_sending...............: avg=94.36µs          min=29.15µs  med=94.36µs  max=159.57µs   p(90)=146.53µs    p(95)=153.05µs    
    http_req_tls_handshaking.......: avg=0s               min=0s       med=0s       max=0s         p(90)=0s          p(95)=0s          
    http_req_waiting...............: avg=4.15ms           min=515.2µs  med=4.15ms   max=7.8ms      p(90)=7.07ms      p(95)=7.43ms      
    http_reqs......................: 2      38.93899/s

    EXECUTION
    dropped_iterations.............: 0      0/s
    iteration_duration.............: avg=3.74ms           min=275.18µs med=1ms      max=9.94ms     p(90)=8.15ms      p(95)=9.04ms      
    iterations.....................: 3      58.408484/s

    NETWORK
    data_received..................: 682 B  13 kB/s
    data_sent......................: 142 B  2.8 kB/s
    data_sent_big..................: 370368 7210877.855963/s

    GRPC
    grpc_custom....................: 2      38.93899/s


  █ GROUP: 2 


  █ GROUP: 10 

    checks_total.......: 1       19.469495/s
    checks_succeeded...: 100.00% 1 out of 1
    checks_failed......: 0.00%   0 out of 1

    ✓ ten


  █ SCENARIO: main 

    checks_total.......: 8      155.755959/s
    checks_succeeded...: 75.00% 6 out of 8
    checks_failed......: 25.00% 2 out of 8

    ✓ root é
    ✓ ok
    ✗ odd
      ↳  50% — ✓ 1 / ✗ 1
    ✗ low
      ↳  50% — ✓ 1 / ✗ 1

    CUSTOM
    cc.........................: 5      97.347474/s
    neg........................: -6     min=-6           max=0
    plain......................: avg=500000000.166667 min=0.333333 med=500000000.166667 max=1000000000 p(90)=900000000.033333 p(95)=950000000.016667
    Rr.........................: 50.00% 1 out of 2
    tt.........................: avg=15.8s            min=400ns    med=999.99ms         max=1m1s       p(90)=43.16s           p(95)=52.19s          

    HTTP
    http_req_blocked...........: avg=505.49µs         min=7.34µs   med=505.49µs         max=1ms        p(90)=904.01µs         p(95)=953.82µs        
    http_req_connecting........: avg=422.24µs         min=0s       med=422.24µs         max=844.48µs   p(90)=760.03µs         p(95)=802.25µs        
    http_req_duration..........: avg=4.38ms           min=655.5µs  med=4.38ms           max=8.12ms     p(90)=7.37ms           p(95)=7.74ms          
    http_req_failed............: 0.00%  0 out of 2
    http_req_receiving.........: avg=134.67µs         min=111.14µs med=134.67µs         max=158.2µs    p(90)=153.5µs          p(95)=155.85µs        
    http_req_sending...........: avg=94.36µs          min=29.15µs  med=94.36µs          max=159.57µs   p(90)=146.53µs         p(95)=153.05µs        
    http_req_tls_handshaking...: avg=0s               min=0s       med=0s               max=0s         p(90)=0s               p(95)=0s              
    http_req_waiting...........: avg=4.15ms           min=515.2µs  med=4.15ms           max=7.8ms      p(90)=7.07ms           p(95)=7.43ms          
    http_reqs..................: 2      38.93899/s

    EXECUTION
    iteration_duration.........: avg=5.47ms           min=1ms      med=5.47ms           max=9.94ms     p(90)=9.04ms           p(95)=9.49ms          
    iterations.................: 2      38.93899/s

    NETWORK
    data_received..............: 682 B  13 kB/s
    data_sent..................: 142 B  2.8 kB/s
    data_sent_big..............: 370368 7210877.855963/s

    GRPC
    grpc_custom................: 2      38.93899/s

    ↳ GROUP: outer 

      checks_total.......: 4      77.877979/s
      checks_succeeded...: 75.00% 3 out of 4
      checks_failed......: 25.00% 1 out of 4

      ✓ ok
      ✗ odd
          ↳  50% — ✓ 1 / ✗ 1

      HTTP
      http_req_blocked...........: avg=505.49µs min=7.34µs   med=505.49µs max=1ms      p(90)=904.01µs p(95)=953.82µs
      http_req_connecting........: avg=422.24µs min=0s       med=422.24µs max=844.48µs p(90)=760.03µs p(95)=802.25µs
      http_req_duration..........: avg=4.38ms   min=655.5µs  med=4.38ms   max=8.12ms   p(90)=7.37ms   p(95)=7.74ms  
      http_req_failed............: 0.00% 0 out of 2
      http_req_receiving.........: avg=134.67µs min=111.14µs med=134.67µs max=158.2µs  p(90)=153.5µs  p(95)=155.85µs
      http_req_sending...........: avg=94.36µs  min=29.15µs  med=94.36µs  max=159.57µs p(90)=146.53µs p(95)=153.05µs
      http_req_tls_handshaking...: avg=0s       min=0s       med=0s       max=0s       p(90)=0s       p(95)=0s      
      http_req_waiting...........: avg=4.15ms   min=515.2µs  med=4.15ms   max=7.8ms    p(90)=7.07ms   p(95)=7.43ms  
      http_reqs..................: 2     38.93899/s

      ↳ GROUP: inner 

        checks_total.......: 2      38.93899/s
        checks_succeeded...: 50.00% 1 out of 2
        checks_failed......: 50.00% 1 out of 2

        ✗ low
              ↳  50% — ✓ 1 / ✗ 1



)k6";

inline constexpr std::string_view kCompact = R"k6(

  █ THRESHOLDS 

    cc
    ✓ 'count==5' count=5
    ✓ 'rate>0.1' rate=97.347474/s

    checks{check:odd}
    ✗ 'rate>0.5' rate=50.00%

    data_sent_big
    ✗ 'count<1' count=370368

    dropped_iterations
    ✓ 'count<1' count=0

    neg
    ✓ 'value<0' value=-6

    plain
    ✓ 'avg>0' avg=333333337.611111
    ✗ 'p(95) < 400' p(95)=900000001.25

    Rr
    ✗ 'rate!=0.5' rate!=50.00%

    tt
    ✗ 'avg<1' avg=15.8s
    ✗ 'p(99.9)<3000' p(99.9)=1m1s

      {a:b}
      ✓ 'min>0' min=400ns


  █ TOTAL RESULTS 

    checks_total.......: 9      175.225453/s
    checks_succeeded...: 77.77% 7 out of 9
    checks_failed......: 22.22% 2 out of 9

    ✓ root é
    ✓ ok
    ✗ odd
      ↳  50% — ✓ 1 / ✗ 1
    ✗ low
      ↳  50% — ✓ 1 / ✗ 1
    ✓ ten

    CUSTOM
    cc.............................: 5      97.347474/s
    neg............................: -6     min=-6           max=0
    plain..........................: avg=333333337.611111 min=0.333333 med=12.5     max=1000000000 p(90)=800000002.5 p(95)=900000001.25
    Rr.............................: 50.00% 1 out of 2
    tt.............................: avg=15.8s            min=400ns    med=999.99ms max=1m1s       p(90)=43.16s      p(95)=52.19s      
      { a:b }......................: avg=30.61s           min=400ns    med=30.61s   max=1m1s       p(90)=55.11s      p(95)=58.17s      

    HTTP
    http_req_duration..............: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
      { expected_response:true }...: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
    http_req_failed................: 0.00%  0 out of 2
    http_reqs......................: 2      38.93899/s

    EXECUTION
    dropped_iterations.............: 0      0/s
    iteration_duration.............: avg=3.74ms           min=275.18µs med=1ms      max=9.94ms     p(90)=8.15ms      p(95)=9.04ms      
    iterations.....................: 3      58.408484/s

    NETWORK
    data_received..................: 682 B  13 kB/s
    data_sent......................: 142 B  2.8 kB/s
    data_sent_big..................: 370368 7210877.855963/s

    GRPC
    grpc_custom....................: 2      38.93899/s



)k6";

inline constexpr std::string_view kLegacy = R"k6(
     ✓ root é

     █ outer

       ✓ ok
       ✗ odd
        ↳  50% — ✓ 1 / ✗ 1

       █ inner

         ✗ low
          ↳  50% — ✓ 1 / ✗ 1

     █ 10

       ✓ ten

     █ 2

   ✓ cc.............................: 5      97.347474/s
     checks.........................: 77.77% 7 out of 9
     ✗ { check:odd }................: 50.00% 1 out of 2
     data_received..................: 682 B  13 kB/s
     data_sent......................: 142 B  2.8 kB/s
   ✗ data_sent_big..................: 370368 7210877.855963/s
   ✓ dropped_iterations.............: 0      0/s
     group_duration.................: avg=1.77ms           min=972ns    med=58.61µs  max=9.65ms     p(90)=5.25ms      p(95)=7.45ms      
     grpc_custom....................: 2      38.93899/s
     http_req_blocked...............: avg=505.49µs         min=7.34µs   med=505.49µs max=1ms        p(90)=904.01µs    p(95)=953.82µs    
     http_req_connecting............: avg=422.24µs         min=0s       med=422.24µs max=844.48µs   p(90)=760.03µs    p(95)=802.25µs    
     http_req_duration..............: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
       { expected_response:true }...: avg=4.38ms           min=655.5µs  med=4.38ms   max=8.12ms     p(90)=7.37ms      p(95)=7.74ms      
     http_req_failed................: 0.00%  0 out of 2
     http_req_receiving.............: avg=134.67µs         min=111.14µs med=134.67µs max=158.2µs    p(90)=153.5µs     p(95)=155.85µs    
     http_req_sending...............: avg=94.36µs          min=29.15µs  med=94.36µs  max=159.57µs   p(90)=146.53µs    p(95)=153.05µs    
     http_req_tls_handshaking.......: avg=0s               min=0s       med=0s       max=0s         p(90)=0s          p(95)=0s          
     http_req_waiting...............: avg=4.15ms           min=515.2µs  med=4.15ms   max=7.8ms      p(90)=7.07ms      p(95)=7.43ms      
     http_reqs......................: 2      38.93899/s
     iteration_duration.............: avg=3.74ms           min=275.18µs med=1ms      max=9.94ms     p(90)=8.15ms      p(95)=9.04ms      
     iterations.....................: 3      58.408484/s
   ✓ neg............................: -6     min=-6           max=0
   ✗ plain..........................: avg=333333337.611111 min=0.333333 med=12.5     max=1000000000 p(90)=800000002.5 p(95)=900000001.25
   ✗ Rr.............................: 50.00% 1 out of 2
   ✗ tt.............................: avg=15.8s            min=400ns    med=999.99ms max=1m1s       p(90)=43.16s      p(95)=52.19s      
     ✓ { a:b }......................: avg=30.61s           min=400ns    med=30.61s   max=1m1s       p(90)=55.11s      p(95)=58.17s      

)k6";

}  // namespace zelus::summary::recorded
