-- roundhook.lua: tells Discord webhooks what really happened in each round. Runs inside the ET: Legacy server.
--
-- Install: put it and roundhook_config.lua into the game folder and its name into the cvar lua_modules.
-- One file on purpose: whoever installs it by hand copies one script and one page of settings.
-- Pure Lua for 5.4 and LuaJIT. Every hook is guarded and returns nothing, so no module after this one is disturbed.
--
--   engine numbers · settings · JSON · players · the round · the notice · the message · the outbox · hooks

local VERSION = "1.1.0"
local SENDER = "roundhook " .. VERSION

-- Engine numbers ------------------------------------------------------------------------------------------------

local WARMUP, COUNTDOWN = et.GS_WARMUP or 2, et.GS_WARMUP_COUNTDOWN or 1
local PLAYING, INTERMISSION = et.GS_PLAYING or 0, et.GS_INTERMISSION or 3
local CS_LEVEL_START = et.CS_LEVEL_START_TIME or 11
local CS_INFO, CS_WINNER = et.CS_MULTI_INFO or 13, et.CS_MULTI_MAPWINNER or 14
local CS_TOGGLES = et.CS_SERVERTOGGLES or 32
local CONNECTED, STOPWATCH, PAUSE_BIT = 2, 3, 16
local AXIS, ALLIES = 1, 2
local SIDE_NAMES = { [0] = "Nobody", "Axis", "Allies" }
local SIDES = { Axis = AXIS, AXIS = AXIS, Allies = ALLIES, ALLIES = ALLIES, Allied = ALLIES, ALLIED = ALLIES }

local cvar, configstring, milliseconds = et.trap_Cvar_Get, et.trap_GetConfigstring, et.trap_Milliseconds

local function level_start()
    return tonumber(configstring(CS_LEVEL_START)) or 0
end

local function is_paused()
    return math.floor((tonumber(configstring(CS_TOGGLES)) or 0) / PAUSE_BIT) % 2 == 1
end

-- A side in a config string is 0 or 1 (-1 or missing: none); here and in notices it is 1 Axis, 2 Allies, 0 unknown.
local function side_in(index, key)
    local value = tonumber(et.Info_ValueForKey(configstring(index), key))
    return (value == 0 or value == 1) and value + 1 or 0
end

local printed = {}

local function say(text)
    et.G_Print("roundhook: " .. text .. "\n")
end

local function say_once(text)
    if printed[text] then return end
    printed[text] = true
    say(text)
end

-- Settings ------------------------------------------------------------------------------------------------------

local CONFIG_NAME = "roundhook_config.lua"
local settings = {
    webhook_urls = {}, enabled = true, debug = false,
    outbox_dir = "roundhook_outbox", outbox_max = 200, resend_seconds = 60,
}

local function debug_say(text)
    if settings.debug then say(text) end
end

local function game_folder(root)
    local game = cvar("fs_game")
    return cvar(root) .. "/" .. (game ~= "" and game or "etmain") .. "/"
end

-- The engine names a chunk by the path in lua_modules, such as luascripts/roundhook.lua.
local function own_folder()
    local source = debug and debug.getinfo(1, "S").source or ""
    return not source:find("\n") and source:match("^[@=]?(.*/)[^/]*$") or ""
end

local function config_paths()
    local own, paths = own_folder(), {}
    if own:sub(1, 1) == "/" then return { own .. CONFIG_NAME } end
    for _, folder in ipairs({ own, "", "luascripts/" }) do
        paths[#paths + 1] = game_folder("fs_homepath") .. folder .. CONFIG_NAME
        paths[#paths + 1] = game_folder("fs_basepath") .. folder .. CONFIG_NAME
    end
    return paths
end

local function read_file(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

-- Runs text that is data (`return {...}`) in an empty environment, in either Lua.
local function load_data(text, name)
    local chunk, problem
    if setfenv then
        chunk, problem = loadstring(text, "=" .. name)
        if chunk then setfenv(chunk, {}) end
    else
        chunk, problem = load(text, "=" .. name, "t", {})
    end
    if not chunk then return nil, problem end
    local fine, data = pcall(chunk)
    if not fine then return nil, data end
    if type(data) ~= "table" then return nil, name .. " must be `return { key = value, ... }`" end
    return data
end

local function whole(lowest)
    return function(value)
        return type(value) == "number" and value >= lowest and value == math.floor(value)
    end
end

local function is_url_list(value)
    if type(value) ~= "table" then return false end
    for key, url in pairs(value) do
        local fine = type(key) == "number" and type(url) == "string" and url:find("^https?://[^%s%c\"\\]+$")
        if not fine then return false end
    end
    return true
end

local CHECKS = {
    webhook_urls = { is_url_list, 'a list of addresses, such as { "https://discord.com/api/webhooks/1/token" }' },
    enabled = { function(value) return type(value) == "boolean" end, "true or false" },
    debug = { function(value) return type(value) == "boolean" end, "true or false" },
    outbox_dir = { function(value) return type(value) == "string" and value ~= "" end, "the path of a folder" },
    outbox_max = { whole(1), "a whole number of at least 1" },
    resend_seconds = { whole(5), "a whole number of seconds of at least 5" },
}

-- Lua says near what its reading stopped: that may be the address itself, a secret.
local function without_values(problem)
    return (tostring(problem):gsub(" near .*", "."))
end

-- Values are not repeated on the console: a webhook's address is a secret.
local function take_setting(key, value)
    local check = CHECKS[key]
    if not check then
        say_once(CONFIG_NAME .. ": unknown key '" .. tostring(key) .. "'. Remove it or correct its spelling.")
    elseif not check[1](value) then
        say_once(CONFIG_NAME .. ": " .. key .. " must be " .. check[2] .. " (found a wrong " .. type(value) .. ").")
    else
        settings[key] = value
    end
end

local function read_config()
    for _, path in ipairs(config_paths()) do
        local text = read_file(path)
        if text then
            local data, problem = load_data(text, CONFIG_NAME)
            if not data then return say_once(path .. " cannot be read: " .. without_values(problem)) end
            for key, value in pairs(data) do take_setting(key, value) end
            if #settings.webhook_urls == 0 then say_once(path .. ": webhook_urls is empty, so nothing is sent.") end
            return
        end
    end
    say_once(CONFIG_NAME .. " is missing. Put it beside roundhook.lua (looked for " .. config_paths()[1] .. ").")
end

-- JSON: pieces of text; valid UTF-8 whatever the bytes ----------------------------------------------------------

local LEADS = {   -- first byte from, to, lowest second byte, highest second byte, bytes that follow
    { 0xC2, 0xDF, 0x80, 0xBF, 1 }, { 0xE0, 0xE0, 0xA0, 0xBF, 2 }, { 0xE1, 0xEC, 0x80, 0xBF, 2 },
    { 0xED, 0xED, 0x80, 0x9F, 2 }, { 0xEE, 0xEF, 0x80, 0xBF, 2 }, { 0xF0, 0xF0, 0x90, 0xBF, 3 },
    { 0xF1, 0xF3, 0x80, 0xBF, 3 }, { 0xF4, 0xF4, 0x80, 0x8F, 3 },
}

-- The length of the UTF-8 sequence at a position, nil where there is none.
local function sequence_length(text, at)
    local first, second = text:byte(at, at + 1)
    if first < 0x80 then return 1 end
    for _, lead in ipairs(LEADS) do
        if first >= lead[1] and first <= lead[2] then
            local fine = second and second >= lead[3] and second <= lead[4]
            local rest = text:sub(at + 2, at + lead[5])
            if fine and #rest == lead[5] - 1 and not rest:find("[^\128-\191]") then return lead[5] + 1 end
        end
    end
    return nil
end

local function is_utf8(text)
    local at = 1
    while at <= #text do
        local length = sequence_length(text, at)
        if not length then return false end
        at = at + length
    end
    return true
end

local function latin_letter(letter)
    local code = letter:byte()
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
end

-- Old clients send Latin-1: such a name is translated, never refused.
local function to_utf8(text)
    if not text:find("[\128-\255]") or is_utf8(text) then return text end
    return (text:gsub("[\128-\255]", latin_letter))
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

local function quoted(text)
    local escaped = to_utf8(tostring(text)):gsub('[%c"\\\127]', function(letter)
        return ESCAPES[letter] or string.format("\\u%04x", letter:byte())
    end)
    return '"' .. escaped .. '"'
end

-- At most three decimals, and a point whatever the locale.
local function number(value)
    local text = string.format("%.3f", value):gsub(",", ".")
    return (text:gsub("%.?0+$", ""))
end

local function list(texts)
    return "[" .. table.concat(texts, ",") .. "]"
end

-- As many of the texts as fit into a limit, the first ones first: a list is cut between entries, never inside.
local function fitting(texts, limit)
    local taken, length = {}, 2
    for _, text in ipairs(texts) do
        length = length + #text + 1
        if length > limit then break end
        taken[#taken + 1] = text
    end
    return list(taken)
end

local function map(values, change)
    local changed = {}
    for index, value in ipairs(values) do changed[index] = change(value, index) end
    return changed
end

-- Players -------------------------------------------------------------------------------------------------------

-- A colour code is ^ and one printable character that is neither ^ nor a blank.
local function plain_name(name)
    return (name:gsub("%^[^%s^%c\127-\255]", ""))
end

-- A client says what it likes as its GUID, and as much of it as an info string holds.
local MAX_GUID, MAX_NAME = 32, 64

local function player(slot)
    local guid = et.Info_ValueForKey(et.trap_GetUserinfo(slot), "cl_guid") or ""
    return {
        guid = guid:sub(1, MAX_GUID),
        name = plain_name(et.gentity_get(slot, "pers.netname") or ""):sub(1, MAX_NAME),
    }
end

local function team_of(slot)
    local team = tonumber(et.gentity_get(slot, "sess.sessionTeam")) or 0
    return (team == AXIS or team == ALLIES) and team or 0
end

local function identity(who)
    return who.guid ~= "" and who.guid or who.name
end

local function player_count()
    return math.min(tonumber(cvar("sv_maxclients")) or 64, 64)
end

local function rosters()
    local sides, present = { [AXIS] = {}, [ALLIES] = {} }, {}
    for slot = 0, player_count() - 1 do
        if tonumber(et.gentity_get(slot, "pers.connected")) == CONNECTED and team_of(slot) ~= 0 then
            local who = player(slot)
            local side = sides[team_of(slot)]
            side[#side + 1] = who
            present[identity(who)] = true
        end
    end
    return sides, present
end

-- The round -----------------------------------------------------------------------------------------------------

local round             -- what is known of the round that is being played; nil outside one
local seen = {}         -- slot -> who was last seen on a team there, and on which
local state_text        -- the cvar gamestate as last read
local last_level = 0    -- levelTime of the last frame
local next_look = 0     -- levelTime of the next look at pauses
local next_errand = 0   -- levelTime of the next look at the disk
local end_is_near       -- an "Exit:" line came; its frame is the end
local is_changed        -- what is known of the round is no longer what lies on disk
local is_ready, is_fresh

local LOOK_MS = 950     -- from look to look: drifts through the engine's steps of 500 ms

local WARMUP_CVAR = "roundhook_warmup"   -- "<sv_serverid> <Unix time>": survives the restart that starts the round

local function remember_warmup()
    local level = cvar("sv_serverid")
    if cvar(WARMUP_CVAR):match("^%S*") ~= level then et.trap_Cvar_Set(WARMUP_CVAR, level .. " " .. os.time()) end
end

local function take_warmup(start_unix)
    local began = tonumber(cvar(WARMUP_CVAR):match(" (%d+)$"))
    et.trap_Cvar_Set(WARMUP_CVAR, "")
    return began and began <= start_unix and began or nil
end

-- Asked while it is played: from the "Exit:" line on, g_currentRound names the round to come.
local function round_in_play()
    return tonumber(cvar("g_gametype")) == STOPWATCH and tonumber(cvar("g_currentRound")) == 1 and 2 or 1
end

local MAX_LEFT = 64   -- a crowd that comes and goes does not make a notice that is too large to be read

local function note_leaving(who)
    is_changed = true
    local key = identity(who)
    if not round or not round.left[key] and round.left_count >= MAX_LEFT then return end
    if not round.left[key] then round.left_count = round.left_count + 1 end
    round.left[key] = who
end

local function note_playing(slot, who, team)
    local before = seen[slot]
    local is_same = before and before.team == team and before.who.guid == who.guid and before.who.name == who.name
    if is_same then return end
    is_changed = true
    seen[slot] = { who = who, team = team }
    if round and round.left[identity(who)] then
        round.left[identity(who)], round.left_count = nil, round.left_count - 1
    end
end

local function watch_player(slot)
    local team, before = team_of(slot), seen[slot]
    if team ~= 0 then
        note_playing(slot, player(slot), team)
    elseif before then
        seen[slot] = nil
        note_leaving(before.who)
    end
end

local function player_leaves(slot)
    watch_player(slot)
    local before = seen[slot]
    seen[slot] = nil
    if before then note_leaving(before.who) end
end

local function watch_everybody()
    for slot = 0, player_count() - 1 do
        if tonumber(et.gentity_get(slot, "pers.connected")) == CONNECTED then watch_player(slot) end
    end
end

-- Seconds already played when the script comes into a running round (lua_restart); 0 when it saw the start.
local function seconds_missed(level_time)
    return is_fresh and 0 or math.max(0, level_time - level_start()) / 1000
end

-- Minutes; nil where the game has no limit. Players can vote for any number, one that JSON cannot say too.
local function time_limit()
    local limit = tonumber(cvar("timelimit"))
    return limit and limit > 0 and limit < 1e5 and limit or nil
end

local STALL_MS = 10000   -- no frame takes longer

-- The engine's milliseconds are the time of day, in 32 bits: they leap when that is set, and after 24 days. What they
-- leap by is left out: as many of them pass from look to look as of the level's time, or more in a server that stalls.
local function round_ms(level_time)
    local leapt, level = round.leapt_ms or 0, level_time - (round.read_level or level_time)
    local now = milliseconds() - leapt
    local passed = now - (round.read_ms or now)
    if passed < 0 or passed > level + STALL_MS then
        round.leapt_ms, is_changed = leapt + passed - level, true
        now = now - passed + level
    end
    round.read_ms, round.read_level = now, level_time
    return now
end

local function begin_round(level_time)
    local missed = seconds_missed(level_time)
    local start_unix = math.floor(os.time() - missed)
    round = {
        map = cvar("mapname"), number = round_in_play(), level = cvar("sv_serverid"),
        start_unix = start_unix, start_ms = milliseconds() - missed * 1000,
        start_level = level_start(), looked_ms = milliseconds(), paused_ms = 0,
        warmup_unix = take_warmup(start_unix), limit = time_limit(),
        pauses = {}, left = {}, left_count = 0, called = {}, asked = {}, exits = {}, close_until = 0,
    }
    watch_everybody()
end

local function clamp(value, low, high)
    return math.max(low, math.min(high, value))
end

local function close_pause(start_ms, end_ms)
    round.pauses[#round.pauses + 1] = { start_ms = start_ms, end_ms = math.max(end_ms, start_ms) }
    round.pause, is_changed = nil, true
end

-- Called about once a second; in a pause, and for a second after it, in every frame: the next pause may follow at once.
-- The engine pushes the level's start forward by what the clock stood still (in steps of 500 ms, exactly at the end
-- of a pause), so a pause's length is exact although its beginning is looked for so rarely.
local function watch_pause(level_time)
    local now, growth = round_ms(level_time), level_start() - round.start_level
    local paused = is_paused()
    if paused and not round.pause then
        local start = clamp(now - (growth - round.paused_ms) - 250, round.looked_ms, now)
        round.pause, is_changed = { start_ms = start, played = level_time - level_start() }, true
    elseif not paused and round.pause then
        close_pause(now - (growth - round.paused_ms), now)
        round.paused_ms, round.close_until = growth, level_time + LOOK_MS
    elseif paused then
        round.pause.played = math.min(round.pause.played, level_time - level_start())
    end
    round.looked_ms = now
end

-- Inside a pause the level's start lags by up to 500 ms; what the engine wrote for the next round is exact there.
local function played_ms(level_time)
    local played = level_time - level_start()
    if not round.pause then return played end
    local exact = (tonumber(cvar("g_nextTimeLimit")) or 0) * 60000
    if played - exact >= 0 and played - exact < 600 then return exact end
    return math.min(played, round.pause.played)
end

-- A time of day that was set in mid-round: when it began is told by the clock that tells its end.
local function settle_start()
    local leapt = math.floor(round.end_unix - (round.end_ms - round.start_ms) / 1000 - round.start_unix)
    if math.abs(leapt) * 1000 <= STALL_MS then return end
    round.start_unix = round.start_unix + leapt
    round.warmup_unix = round.warmup_unix and round.warmup_unix + leapt
end

-- Takes down the end; runs in the frame of the "Exit:" line, which is the frame of gamestate 3 or the one before.
local function mark_end(level_time)
    end_is_near = false
    if not round or round.end_ms then return end
    watch_pause(level_time)
    round.end_ms, round.end_unix, round.end_level = round.read_ms, os.time(), level_time
    round.played = played_ms(level_time) / 1000
    if round.pause then close_pause(round.pause.start_ms, round.end_ms) end
    settle_start()
end

-- An "Exit:" line that no intermission followed was not the engine's.
local function forget_end()
    round.end_ms, round.exits = nil, {}
end

-- Who called the vote: the engine's own log line is certain; the command alone may have been refused.
local function vote_called(slot, side)
    if round and side then round.called[side] = player(slot) end
end

local function vote_asked(slot)
    local side = team_of(slot)
    if round and side ~= 0 then round.asked[side] = player(slot) end
end

local EXITS = {   -- what the engine says, and what it means; lines that are not here end a round for reasons unknown
    ["^Exit: Timelimit hit"] = "time_expired", ["^Exit: Wolf EndRound"] = "objective",
    ["^Exit: Nextmap vote passed"] = "aborted",
}

local function read_exit(text)
    local exit = { side = SIDES[text:match("^Exit: (%a+) Surrender%s*$") or ""] }
    exit.reason = exit.side and "surrender"
    for pattern, reason in pairs(EXITS) do
        if text:find(pattern) then exit.reason = reason end
    end
    round.exits[#round.exits + 1] = exit
    end_is_near = true
end

-- Players can put words on the log, but never at the start of a line of its own.
local function read_log_line(text)
    if not round then return end
    if text:find("^Exit: ") then
        read_exit(text)
    elseif text:find("^Vote Passed: .*Surrender %[") then
        round.passed = SIDES[text:match("Surrender %[(%a+)%]") or ""]
    elseif text:find("^callvote: %d+ Surrender %[") then
        local slot, side = text:match("^callvote: (%d+) Surrender %[(%a+)%]")
        vote_called(tonumber(slot), SIDES[side])
    end
end

-- The notice ----------------------------------------------------------------------------------------------------

-- One frame may hold several "Exit:" lines: a vote can pass in the frame of the limit. A surrender has set the winner,
-- so it counts where the winner is the other side; else the line that came first.
local function decisive_exit(winner)
    for _, exit in ipairs(round.exits) do
        if exit.side and winner == 3 - exit.side then return exit end
    end
    for _, exit in ipairs(round.exits) do
        if not exit.side then return exit end
    end
    return nil
end

-- Without a line of the engine's: the vote that passed; without that, winner and clock.
local function guessed_reason(winner, defender, full)
    if round.passed and winner == 3 - round.passed then return "surrender", round.passed end
    if full and winner == defender then return "time_expired", 0 end
    if winner ~= 0 and winner == defender then return "surrender", 3 - winner end
    return winner ~= 0 and "objective" or nil, 0
end

-- What the engine said decides.
local function end_reason(winner, defender)
    local exit = decisive_exit(winner)
    local full = round.limit and round.played >= round.limit * 60 - 1
    if not exit then return guessed_reason(winner, defender, full) end
    if exit.reason == "objective" and full and winner == defender then return "time_expired", 0 end
    return exit.reason, exit.side or 0
end

local function plausible_played(wall)
    local paused = 0
    for _, pause in ipairs(round.pauses) do paused = paused + (pause.end_ms - pause.start_ms) / 1000 end
    local fits = round.played >= 0 and round.played <= wall + 10
    return fits and round.played or math.max(0, wall - paused), paused
end

local function leavers(present)
    local left = {}
    for key, who in pairs(round.left) do
        if not present[key] then left[#left + 1] = who end
    end
    table.sort(left, function(a, b) return identity(a) < identity(b) end)
    return left
end

-- What holds for every round, however it ended.
local function base_notice(sides, present, defender)
    local wall = (round.end_ms - round.start_ms) / 1000
    local played, paused = plausible_played(wall)
    return {
        map = round.map, number = round.number, start_unix = round.start_unix, end_unix = round.end_unix,
        played = played, wall = wall, paused = paused, limit = round.limit, pauses = round.pauses,
        start_ms = round.start_ms, warmup_unix = round.warmup_unix, winner = 0,
        defender = defender, surrender_side = 0, reason = "aborted",
        axis = sides[AXIS], allies = sides[ALLIES], left = leavers(present),
    }
end

local function present_notice()
    local sides, present = rosters()
    return base_notice(sides, present, side_in(CS_INFO, "d"))
end

local function complete(notice)
    notice.winner = side_in(CS_WINNER, "w")
    notice.limit = time_limit() or notice.limit
    notice.reason, notice.surrender_side = end_reason(notice.winner, notice.defender)
    if notice.reason == "aborted" then notice.winner = 0 end
    if notice.surrender_side ~= 0 then
        notice.caller = round.called[notice.surrender_side] or round.asked[notice.surrender_side]
    end
    return notice
end

local function was_played(notice)
    return #notice.axis + #notice.allies + #notice.left > 0
end

-- The message ---------------------------------------------------------------------------------------------------

local FIELD_LIMIT = 1024   -- Discord's, for one field's value
local MAX_MAP = 64         -- as much of a map's name as the title shows; the engine has no longer ones

local function unix(notice, ms)
    return notice.start_unix + (ms - notice.start_ms) / 1000
end

local function player_json(who)
    return '{"guid":' .. quoted(who.guid) .. ',"name":' .. quoted(who.name) .. "}"
end

local function pause_json(notice)
    return function(pause)
        local from, to = number(unix(notice, pause.start_ms)), number(unix(notice, pause.end_ms))
        return '{"start_unix":' .. from .. ',"end_unix":' .. to .. "}"
    end
end

local function pause_field_json(notice)
    return function(pause, index)
        local seconds = math.floor((pause.end_ms - pause.start_ms) / 1000 + 0.5)
        local from = math.floor(unix(notice, pause.start_ms))
        return string.format('{"n":%d,"start":%d,"end":%d,"sec":%d}', index, from, from + seconds, seconds)
    end
end

local function warmup_seconds(notice)
    return notice.warmup_unix and notice.start_unix - notice.warmup_unix
end

-- The whole notice, under the names that the bot's RoundNotice has; what is unknown is left out.
local function attachment(notice)
    local parts = {}
    local function put(key, json) parts[#parts + 1] = quoted(key) .. ":" .. json end
    local function put_number(key, value) if value then put(key, number(value)) end end
    put("map_name", quoted(notice.map))
    put_number("round_number", notice.number)
    put_number("round_start_unix", notice.start_unix)
    put_number("round_end_unix", notice.end_unix)
    put_number("winner_side", notice.winner)
    put_number("defender_side", notice.defender)
    put_number("actual_duration_seconds", notice.played)
    put_number("wall_seconds", notice.wall)
    put_number("time_limit_seconds", notice.limit and notice.limit * 60)
    put_number("pause_count", #notice.pauses)
    put_number("total_pause_seconds", notice.paused)
    put("pauses", list(map(notice.pauses, pause_json(notice))))
    if notice.reason then put("end_reason", quoted(notice.reason)) end
    put_number("warmup_seconds", warmup_seconds(notice))
    put_number("surrender_side", notice.surrender_side)
    put("surrender_caller", quoted(notice.caller and notice.caller.guid or ""))
    put("axis_players", list(map(notice.axis, player_json)))
    put("allies_players", list(map(notice.allies, player_json)))
    put("left_players", list(map(notice.left, player_json)))
    put("sender", quoted(SENDER))
    return "{" .. table.concat(parts, ",") .. "}"
end

local function clock(seconds)
    local all = math.floor(seconds + 0.5)
    return string.format("%d:%02d", math.floor(all / 60), all % 60)
end

-- A sentence for people; no names in it, so nothing to escape.
local function summary(notice)
    local text = "played " .. clock(notice.played)
    if notice.limit then text = text .. " of " .. clock(notice.limit * 60) end
    if notice.winner ~= 0 then text = SIDE_NAMES[notice.winner] .. " won, " .. text end
    if notice.reason == "surrender" then
        text = text .. ", surrender by " .. SIDE_NAMES[notice.surrender_side]
    elseif notice.reason then
        text = text .. ", " .. notice.reason:gsub("_", " ")
    end
    if #notice.pauses > 0 then text = text .. ", paused for " .. clock(notice.paused) end
    return text
end

local function seconds_text(seconds)
    return string.format("%d sec", math.floor(seconds + 0.5))
end

-- What the embed's fields say: name, value (nil or "": left out), whether it is wide.
local function field_values(notice)
    local caller, warmup = notice.caller or {}, warmup_seconds(notice)
    local paused = string.format("%d (%s)", #notice.pauses, seconds_text(notice.paused))
    return {
        { "Map", notice.map }, { "Round", number(notice.number) },
        { "Winner", number(notice.winner) }, { "Defender", number(notice.defender) },
        { "Lua_Playtime", seconds_text(notice.played) },
        { "Lua_Timelimit", notice.limit and number(notice.limit) .. " min" },
        { "Lua_Pauses", paused }, { "Lua_EndReason", notice.reason },
        { "Lua_Warmup", warmup and seconds_text(warmup) },
        { "Lua_WarmupStart", notice.warmup_unix and number(notice.warmup_unix) },
        { "Lua_RoundStart", number(notice.start_unix) }, { "Lua_RoundEnd", number(notice.end_unix) },
        { "Lua_SurrenderTeam", number(notice.surrender_side) },
        { "Lua_SurrenderCaller", caller.guid }, { "Lua_SurrenderCallerName", caller.name },
        { "Axis_JSON", fitting(map(notice.axis, player_json), FIELD_LIMIT), true },
        { "Allies_JSON", fitting(map(notice.allies, player_json), FIELD_LIMIT), true },
        { "Lua_Pauses_JSON", fitting(map(notice.pauses, pause_field_json(notice)), FIELD_LIMIT), true },
    }
end

local function fields(notice)
    local texts = {}
    local values = field_values(notice)
    for index = 1, #values do
        local name, value, wide = values[index][1], values[index][2], values[index][3]
        if value and value:find("%S") then
            local inline = wide and ',"inline":false}' or ',"inline":true}'
            texts[#texts + 1] = '{"name":' .. quoted(name) .. ',"value":' .. quoted(value) .. inline
        end
    end
    return list(texts)
end

local function message(notice)
    local head = notice.reason == "aborted" and "Round Aborted: " or "Round Complete: "
    local title = head .. notice.map:sub(1, MAX_MAP) .. " R" .. number(notice.number)
    local embed = '{"title":' .. quoted(title) .. ',"description":' .. quoted(summary(notice))
        .. ',"color":3447003,"fields":' .. fields(notice) .. ',"footer":{"text":' .. quoted(SENDER) .. "}}"
    return '{"content":"STATS_READY","username":"ET:Legacy Stats","allowed_mentions":{"parse":[]},"embeds":['
        .. embed .. "]}"
end

-- The outbox: a notice is on disk before it is sent, and goes away only after a 2xx -----------------------------

-- The sender is a shell program of its own, so that the game never waits for the network. It posts what lies in its
-- folder, oldest first, to the webhook that the name tells by its port and its last number; one sender at a time holds
-- the lock.
-- Its text is handed to the shell and lies in no file. Neither a webhook's address nor a name stands on any command
-- line: curl reads both from files.
local SENDER_SH = [==[
# Posts the notices that wait in a folder of the server's user, oldest first. Arguments: the folder, how many may wait.
cd "$1" && [ -O . ] || exit 1
umask 077
trap '' HUP
max_items="${2:-200}"
most_seconds="${ROUNDHOOK_MOST_SECONDS:-20}"   # for one notice; set by tests
max_days=7   # a notice older than that helps nobody
deadline=$(($(date +%s) + 600))
tried=" "
down=" "

items() { for file in [0-9]*.payload; do [ -f "$file" ] && echo "${file%.payload}"; done; }

take_lock() {
    ln -s "$$" lock 2>/dev/null && return 0
    owner=$(readlink lock 2>/dev/null)
    [ -n "$owner" ] || return 1
    kill -0 "$owner" 2>/dev/null && [ -z "$(find lock -prune -mmin +15 2>/dev/null)" ] && return 1
    rm -f lock
    ln -s "$$" lock 2>/dev/null
}

drop_old() {
    find . -name '[0-9]*' -type f -mtime +"$max_days" -exec rm -f {} +
    set -- $(items)
    while [ $# -gt "$max_items" ]; do rm -f "$1.payload" "$1.notice"; shift; done
}

# A server's notices go to its own webhooks, although others may have put theirs there; a test has no port in its name.
hook_of() {
    from=${1#*-}
    case ${from%%-*} in *[!0-9]*) echo "hook-${1##*-}.curl" ;; *) echo "hook-${from%%-*}-${1##*-}.curl" ;; esac
}

is_untried() {
    case $tried in *" $1 "*) return 1 ;; esac
    hook=$(hook_of "$1")
    case $down in *" $hook "*) return 1 ;; esac
    [ -f "$hook" ]
}

has_untried() {
    for item in $(items); do is_untried "$item" && return 0; done
    return 1
}

post() {
    rm -f answer
    curl -q -sS -g -K "$(hook_of "$1")" --connect-timeout 10 --max-time "$most_seconds" -o answer -w '%{http_code}' \
        -F "payload_json=<$1.payload" \
        -F "files[0]=@$1.notice;filename=notice.json;type=application/json" 2>problem
    echo " $?"
}

# A clock that was set back since then knows nothing of that time: so its beginning stands there too.
hold() { now=$(date +%s); echo "$now $((now + $1))" >hold; }

# Discord says how long to wait: a short time is waited here, a long one is left to a later sender.
rest() {
    wait_for=$(sed -n 's/.*"retry_after": *\([0-9][0-9.]*\).*/\1/p' answer 2>/dev/null | head -n 1)
    whole=${wait_for%%.*}
    if [ "${whole:-1}" -gt 60 ]; then hold "$((whole + 1))"; return 1; fi
    sleep "${wait_for:-1}"
}

note() { echo "$1: HTTP $2, curl $3 $(head -c 200 problem 2>/dev/null)" >status; }

deliver() {
    for attempt in 1 2 3 4 5; do
        set -- "$1" $(post "$1")
        [ "$2" = 429 ] || break
        note "$@"
        rest || break
    done
    case $2 in
        2??) rm -f "$1.payload" "$1.notice" status ;;
        400 | 413) note "$@"; mv -f "$1.payload" "$1.refused" ;;
        *) note "$@"; down="$down$(hook_of "$1") " ;;
    esac
}

# Discord has asked for peace until then: looked at again under the lock, since another sender may just have heard it.
is_held() {
    { read -r from until <hold; } 2>/dev/null && [ "$until" ] || return 1
    now=$(date +%s)
    [ "$now" -ge "$from" ] && [ "$now" -lt "$until" ]
}

sweep() {
    drop_old
    for item in $(items); do
        [ "$(date +%s)" -lt "$deadline" ] || return 0
        is_held && return 0
        is_untried "$item" || continue
        tried="$tried$item "
        deliver "$item"
    done
}

main() {
    while has_untried; do
        is_held && exit 0
        take_lock || exit 0
        trap 'rm -f lock' EXIT
        trap 'exit 143' INT TERM
        sweep
        rm -f lock
        trap - EXIT
        [ "$(date +%s)" -lt "$deadline" ] || break
    done
    if [ -n "$(items)" ]; then : >left; else rm -f left; fi
}

main
]==]

-- A shell keeps every file that the server has open, its socket too; and as long as somebody has the socket, a server
-- that restarts cannot have its port. So they are closed before anything else. dash, Debian's sh, can name no
-- descriptor above 9, and the socket stands there where many pk3 files are open: then another program does it.
-- Arguments: the sender's text, its name, its own arguments.
local LAUNCH_SH = [==[
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
has_more() {
    for file in /proc/self/fd/??* /dev/fd/??*; do
        case ${file##*/} in *[!0-9]*) ;; *) return 0 ;; esac
    done
    return 1
}
has_more || exec sh -c "$@"
for shell in sh bash "busybox sh"; do
    $shell -c "PATH=/nowhere; exec 10>&-" 2>/dev/null || continue
    exec $shell -c '
        for file in /proc/self/fd/??* /dev/fd/??*; do
            case ${file##*/} in *[!0-9]*) ;; *) eval "exec ${file##*/}>&-" ;; esac
        done
        exec sh -c "$@"' sh "$@"
done
command -v perl && exec perl -MPOSIX -e 'POSIX::close($_) for 10 .. 65535; exec "sh", "-c", @ARGV' "$@"
cd "$3" && [ -O . ] && echo "nothing here can close the files of the server. Install bash, busybox or perl." >status
]==]

-- Looks at a folder before it is used: only the server's user may be able to write there or to put another one in its
-- place, for what lies in it is sent, and tells curl what to do. Its status says what is wrong.
local FOLDER_SH = [==[
[ ! -L "$1" ] || exit 2
umask 077
mkdir -p "$1" 2>/dev/null
[ -d "$1" ] || exit 1
[ -O "$1" ] || exit 2
cd -P "$1" 2>/dev/null || exit 1
case $(ls -ld .) in ?????w* | ????????w*) exit 3 ;; esac
chmod 700 . 2>/dev/null || exit 1
while [ "$PWD" != / ] && [ "$PWD" != // ]; do
    cd -P .. 2>/dev/null || exit 1
    case $(ls -ld .) in ????????w[!tT]*) exit 4 ;; esac
done
]==]

local REFUSED = {
    "cannot write to %s. Let the server's user write there, or set outbox_dir.",
    "%s is somebody else's folder, or a link, so it is not used. Name a folder of the server's user in outbox_dir.",
    "others can write to %s, so it is not used. Look at what lies there and chmod it to 700, or set outbox_dir.",
    "everybody can write to a folder above %s, so it is not used. Mend that with chmod o-w, or set outbox_dir.",
}

local outbox, wake_file   -- the folder in use, nil when there is none; a file in it
local outbox_number = 0   -- which of outbox_folders() that is
local resend_at = 0       -- levelTime
local told_status

local function write_file(path, text)
    local file, problem = io.open(path, "wb")
    if not file then return nil, problem end
    local written, write_problem = file:write(text)
    local closed, close_problem = file:close()
    if written and closed then return true end
    os.remove(path)
    return nil, write_problem or close_problem or "it could not be written"
end

local function port()
    local digits = cvar("net_port"):gsub("%D", "")
    return digits ~= "" and digits or "0"
end

-- Under its name a file is always whole: a reader sees the old one or the new one. Two servers may share the folder.
local function put_file(path, text)
    local draft = path .. "." .. port() .. ".tmp"
    local written, problem = write_file(draft, text)
    if not written then return nil, problem end
    return os.rename(draft, path)
end

local function shell_quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- A command's exit status, in either Lua.
local function run(command)
    local done, _, status = os.execute(command)
    if type(done) == "number" then return done == 0 and 0 or math.max(1, math.floor(done / 256)) end
    return done and 0 or status or 1
end

local distrusted = {}   -- folder -> what to do; asked once in a Lua state, for asking takes a few milliseconds

-- Makes a folder that only the server's user can enter; nil and what to do where one that is there cannot be trusted.
local function make_folder(folder)
    if distrusted[folder] then return nil, distrusted[folder] end
    local status = run("set -- " .. shell_quoted(folder) .. "\n" .. FOLDER_SH)
    if status == 0 then return true end
    local problem = string.format(REFUSED[status] or REFUSED[1], folder)
    if status > 1 then distrusted[folder] = problem end
    return nil, problem
end

local function curl_config(url)
    local wait = (url:find("?", 1, true) and "&" or "?") .. "wait=true"
    return 'url = "' .. url .. wait .. '"\n'
end

-- A file that only the server's user can read: it is that before a byte is in it.
local function put_secret(path, text)
    if read_file(path) == text then return true end
    local draft = shell_quoted(path .. "." .. port() .. ".tmp")
    os.execute("umask 077; { rm -f " .. draft .. "; : >" .. draft .. "; } 2>/dev/null")
    return put_file(path, text)
end

-- Under this server's port, for its notices; and without one, for what an admin's tool lays there.
local function write_hooks(folder)
    for _, hook in ipairs({ folder .. "/hook-" .. port() .. "-", folder .. "/hook-" }) do
        for index, url in ipairs(settings.webhook_urls) do
            if not put_secret(hook .. index .. ".curl", curl_config(url)) then return false end
        end
        local index = #settings.webhook_urls + 1
        while os.remove(hook .. index .. ".curl") do index = index + 1 end
    end
    os.remove(folder .. "/sender.sh")   -- of versions that kept the sender's text there
    return true
end

-- The configured folder; where that cannot be written or the disk is full, ones that last until the machine restarts.
local function outbox_folders()
    local folder = settings.outbox_dir
    if folder:sub(1, 1) ~= "/" then folder = game_folder("fs_homepath") .. folder end
    return { folder, "/tmp/roundhook-" .. port(), "/dev/shm/roundhook-" .. port() }
end

local function open_outbox(first)
    outbox, outbox_number = nil, 0
    local folders = outbox_folders()
    for number = first, #folders do
        local folder = folders[number]
        local made, problem = make_folder(folder)
        if made and write_hooks(folder) then
            outbox, wake_file, outbox_number = folder, folder .. "/wake", number
            return
        end
        say_once(problem or string.format(REFUSED[1], folder))
    end
end

local function start_sender(folder)
    os.execute("sh -c " .. shell_quoted(LAUNCH_SH) .. " roundhook " .. shell_quoted(SENDER_SH) .. " roundhook "
        .. shell_quoted(folder) .. string.format(" %d", settings.outbox_max) .. " >/dev/null 2>&1 </dev/null &")
end

-- Without opening it: what somebody else has put there may be a pipe, and whoever opens one waits for its other end.
local function exists(path)
    return os.rename(path, path) ~= nil
end

-- The folders that hold a file of this name and can be trusted: the one in use, and one that was used when another
-- was full.
local function folders_with(name)
    local found = {}
    for number, folder in ipairs(outbox_folders()) do
        local is_there = exists(folder .. "/" .. name)
        if is_there and (number == outbox_number or make_folder(folder)) then found[#found + 1] = folder end
    end
    return found
end

local function send_what_is_left()
    for _, folder in ipairs(folders_with("left")) do start_sender(folder) end
end

-- The payload comes last, under its final name at once: the sender looks for nothing else.
local function store(name, notice)
    local path = outbox .. "/" .. name
    local written, problem = write_file(path .. ".notice", attachment(notice))
    if written then written, problem = put_file(path .. ".payload", message(notice)) end
    if not written then os.remove(path .. ".notice") end
    return written, problem
end

local function store_for(index, notice)
    local name = string.format("%010d-%s-%010d-%d", os.time(), port(), math.floor(milliseconds()), index)
    if not outbox then open_outbox(1) end
    while outbox do
        write_file(outbox .. "/left", "")   -- before: should the server die now, the next one looks here
        local stored, problem = store(name, notice)
        if stored then return write_file(outbox .. "/left", "") end   -- after: a sender may have taken it away
        say("cannot keep the notice in " .. outbox .. ": " .. tostring(problem))
        open_outbox(outbox_number + 1)
    end
    say("the notice is lost: it can be written nowhere. Make room on the disk.")
end

local function post(notice)
    for index = 1, #settings.webhook_urls do store_for(index, notice) end
    debug_say("sending: " .. summary(notice))
    if outbox then start_sender(outbox) end
end

local function tell_status()
    local status = read_file(outbox .. "/status")
    if status == told_status then return end
    told_status = status
    if not status then return end
    say("a notice waits to be sent again: " .. status:gsub("https?://%S+", "(address)"):gsub("%c+", " "))
end

-- `wake` is a file that an admin's tool puts there after laying a test notice into the outbox.
local function look_after_outbox(level_time)
    if not outbox then return end
    local woken = os.remove(wake_file)   -- cheaper than a look
    if not woken and level_time < resend_at then return end
    resend_at = level_time + settings.resend_seconds * 1000
    tell_status()
    if woken then write_file(outbox .. "/left", "") end
    send_what_is_left()
end

-- The round on disk ---------------------------------------------------------------------------------------------
-- What is known of a round lies on disk from its beginning, so that it is told of although its server was killed, or
-- the script taken from `lua_modules`, and goes on after `lua_restart`. Two files: `.state`, written anew after a
-- change, and `.pulse`, which stays open and says until when the round was seen.

local KEEP_MS = 5000   -- from one refresh to the next
local pulse, kept_in   -- the open file; the folder that both lie in
local next_keep = 0    -- levelTime

local function literal(value)
    if type(value) == "number" then return number(value) end
    if type(value) ~= "table" then return string.format("%q", tostring(value)) end
    local parts = {}
    for key, item in pairs(value) do parts[#parts + 1] = "[" .. literal(key) .. "]=" .. literal(item) end
    return "{" .. table.concat(parts, ",") .. "}"
end

-- Servers on other addresses of the machine may have the same port.
local function round_file()
    return "round-" .. cvar("net_ip"):gsub("[^%w.]", "") .. "-" .. port()
end

local function beat(level_time)
    if not pulse then return end
    pulse:seek("set")
    pulse:write(string.format("%15d%15.0f%15.0f\n", os.time(), round_ms(level_time), played_ms(level_time)))
    pulse:flush()
end

local function keep_round(level_time)
    if not outbox then return end
    local file = outbox .. "/" .. round_file()
    round.defender, is_changed = side_in(CS_INFO, "d"), false
    local written, problem = put_file(file .. ".state", "return " .. literal({ round = round, seen = seen }))
    if written and not pulse then pulse, problem = io.open(file .. ".pulse", "wb") end
    kept_in = outbox
    if problem then
        say_once("cannot keep the round in " .. outbox .. ": " .. tostring(problem)
            .. ". Let the server's user write there, and make room on its disk.")
    end
    beat(level_time)
end

local function refresh_round(level_time)
    if level_time < next_keep then return end
    next_keep = level_time + KEEP_MS
    if is_changed then keep_round(level_time) else beat(level_time) end
end

local function close_pulse()
    if pulse then pulse:close() end
    pulse = nil
end

local function remove_round(folder)
    os.remove(folder .. "/" .. round_file() .. ".state")
    os.remove(folder .. "/" .. round_file() .. ".pulse")
end

local function forget_round()
    round = nil
    close_pulse()
    if kept_in then remove_round(kept_in) end
    kept_in = nil
end

local function save_round()
    if not round then return end
    keep_round(last_level)
    close_pulse()
    round = nil
end

-- What lies in a folder, with the moment of its last sign of life; it is taken away.
local function take_round(folder)
    local file = folder .. "/" .. round_file()
    local text, last = read_file(file .. ".state"), read_file(file .. ".pulse") or ""
    remove_round(folder)
    local saved, problem = load_data(text or "", file .. ".state")
    if not saved then return say_once("cannot read the last round: " .. tostring(problem)) end
    saved.unix, saved.ms, saved.played = last:match("(%d+) +(-?%d+) +(-?%d+)")
    return saved
end

local function sides_of(people)
    local sides, present = { [AXIS] = {}, [ALLIES] = {} }, {}
    for slot = 0, 63 do
        local one = people[slot]
        if one then
            table.insert(sides[one.team], one.who)
            present[identity(one.who)] = true
        end
    end
    return sides, present
end

-- Nobody saw its end: it ends at the last sign of life.
local function report_lost(saved)
    round = saved.round
    round.end_ms = tonumber(saved.ms) or round.looked_ms
    round.end_unix = tonumber(saved.unix) or math.floor(round.start_unix + (round.end_ms - round.start_ms) / 1000)
    round.played = (tonumber(saved.played) or round.end_ms - round.start_ms) / 1000
    if round.pause then close_pause(round.pause.start_ms, round.end_ms) end
    settle_start()
    local sides, present = sides_of(saved.seen)
    local notice = base_notice(sides, present, round.defender)
    round = nil
    if was_played(notice) then post(notice) end
end

-- After `lua_restart` the round still runs; after anything else it is over.
local function take_up_rounds(fresh)
    for _, folder in ipairs(folders_with(round_file() .. ".state")) do
        local saved = take_round(folder)
        local is_running = saved and not fresh and saved.round.level == cvar("sv_serverid")
        if is_running then
            round, seen = saved.round, saved.seen
        elseif saved then
            report_lost(saved)
        end
    end
end

-- Hooks ---------------------------------------------------------------------------------------------------------

local function finish(level_time)
    mark_end(level_time)
    local notice = complete(present_notice())
    if was_played(notice) then post(notice) end
    forget_round()
end

-- A round that ends without intermission. The cvars name what comes next; only what was remembered holds. If the
-- engine had said "Exit:" before, the round was over and only its last frame is missing.
local function finish_early()
    mark_end(last_level)
    local notice = present_notice()
    if #round.exits > 0 then notice = complete(notice) end
    if was_played(notice) then post(notice) end
    forget_round()
end

local function change_state(before, state, level_time)
    debug_say("gamestate " .. tostring(before) .. " -> " .. tostring(state))
    if state == PLAYING then
        if not round then begin_round(level_time) end
        keep_round(level_time)
        next_keep, is_changed = level_time + LOOK_MS, true
    elseif state == INTERMISSION then
        if round then finish(level_time) end
    elseif state == WARMUP or state == COUNTDOWN then
        if round then finish_early() end
        remember_warmup()
    end
    is_fresh = false
end

local function start_up(fresh)
    is_ready, is_fresh = true, fresh
    read_config()
    settings.enabled = settings.enabled and #settings.webhook_urls > 0
    if not settings.enabled then return end
    open_outbox(1)
    if not outbox then return end
    take_up_rounds(fresh)
    send_what_is_left()
end

-- About once in a second: the disk.
local function run_errands(level_time)
    if level_time < next_errand then return end
    next_errand = level_time + LOOK_MS
    if round and not round.end_ms then refresh_round(level_time) end
    look_after_outbox(level_time)
end

-- The rare frames: a change, the end of a round, a pause, and about one in a second.
local function look(level_time, text)
    if not is_ready then start_up(false) end
    local before = state_text
    state_text = text
    if not settings.enabled then next_look = math.huge; return end
    if end_is_near then mark_end(level_time) end
    if text ~= before then change_state(tonumber(before), tonumber(text), level_time) end
    if level_time < next_look then return end
    if round and round.end_ms and level_time - round.end_level > 5000 then forget_end() end
    if round and not round.end_ms then watch_pause(level_time) end
    local is_close = round and (round.pause or level_time < round.close_until)
    next_look = level_time + (is_close and 1 or LOOK_MS)
    run_errands(level_time)
end

local function run_frame(level_time)
    last_level = level_time
    local text = cvar("gamestate")
    if text ~= state_text or level_time >= next_look or end_is_near then look(level_time, text) end
end

-- Where an error came from: the innermost line of this script that was at work. The engine gives the script's path as
-- its name without a mark, which Lua shows as [string "luascripts/roundhook.lua"]:12.
local function with_place(problem)
    local trace = debug and debug.traceback("", 2) or ""
    local line = trace:match('roundhook%.lua"?%]?:(%d+)') or "?"
    return "roundhook.lua:" .. line .. ": " .. tostring(problem)
end

-- An error never reaches the engine; it is told once, with its place.
local function guarded(name, work)
    return function(...)
        local fine, problem = xpcall(work, with_place, ...)
        if not fine then pcall(say_once, "error in " .. name .. ": " .. tostring(problem)) end
    end
end

local function when_enabled(work)
    return function(...)
        if is_ready and settings.enabled then work(...) end
    end
end

et_InitGame = guarded("et_InitGame", function()
    et.RegisterModname(SENDER)
    start_up(true)
end)
et_RunFrame = guarded("et_RunFrame", run_frame)
et_ShutdownGame = guarded("et_ShutdownGame", when_enabled(function() if round then finish_early() end end))
et_Quit = guarded("et_Quit", when_enabled(save_round))
et_Print = guarded("et_Print", read_log_line)
et_ClientBegin = guarded("et_ClientBegin", when_enabled(watch_player))
et_ClientSpawn = guarded("et_ClientSpawn", when_enabled(watch_player))
et_ClientUserinfoChanged = guarded("et_ClientUserinfoChanged", when_enabled(watch_player))
et_ClientDisconnect = guarded("et_ClientDisconnect", when_enabled(player_leaves))
et_ClientCommand = guarded("et_ClientCommand", when_enabled(function(slot, command)
    if string.lower(command or "") ~= "callvote" then return end
    if string.lower(et.trap_Argv(1)) == "surrender" then vote_asked(slot) end
end))
