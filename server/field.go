package server

import (
	"strings"

	"pbx/config"
)

// What the field has of applications and functions, so that `pbx check` can tell
// one that is not here yet from one that nobody ever had.
const (
	fieldApplications = `
ADSIProg AELSub AGI AMD AddQueueMember AgentLogin AgentRequest AlarmReceiver Answer AttendedTransfer AudioSocket Authenticate BackGround
BackgroundDetect BlindTransfer Bridge BridgeAdd BridgeWait Broadcast Busy CELGenUserEvent CallCompletionCancel CallCompletionRequest ChanIsAvail
ChanSpy ChangeMonitor ChannelRedirect ClearHash ConfBridge ConfKick Congestion ContinueWhile ControlPlayback DAHDIAcceptR2Call DAHDIScan
DAHDISendCallreroutingFacility DAHDISendKeypadFacility DBdeltree DISA DateTime DeadAGI Dial Dictate Directory DumpChan EAGI Echo Else ElseIf EndIf
EndWhile Exec ExecIf ExecIfTime ExitIf ExitWhile ExtenSpy ExternalIVR Festival Flash FollowMe ForkCDR GetCPEID Gosub GosubIf Goto GotoIf GotoIfTime
Hangup HangupCauseClear IAX2Provision IVRDemo If ImportVar Incomplete JACK JabberJoin JabberLeave JabberSend JabberSendGroup Log MP3Player MSet Macro
MacroExclusive MacroExit MacroIf MeetMe MeetMeAdmin MeetMeChannelAdmin MeetMeCount MessageSend Milliwatt MinivmAccMess MinivmDelete MinivmGreet
MinivmMWI MinivmNotify MinivmRecord MixMonitor Monitor Morsecode MusicOnHold NoCDR NoOp ODBCFinish OSPAuth OSPFinish OSPLookup OSPNext Originate
PJSIPHangup PJSIPNotify Page Park ParkAndAnnounce ParkedCall PauseMonitor PauseQueueMember Pickup PickupChan PlayTones Playback PrivacyManager
Proceeding Progress Queue QueueLog QueueUpdate RaiseException Read ReadExten ReceiveFAX ReceiveMF ReceiveSF ReceiveText Record Reload
RemoveQueueMember ResetCDR RetryDial Return Ringing SIPAddHeader SIPDtmfMode SIPRemoveHeader SIPSendCustomINFO SLAStation SLATrunk SMS SayAlpha
SayAlphaCase SayCountedAdj SayCountedNoun SayDigits SayMoney SayNumber SayOrdinal SayPhonetic SayUnixTime SendDTMF SendFAX SendMF SendSF SendText Set
SetAMAFlags Signal SkelGuessNumber SoftHangup SpeechActivateGrammar SpeechBackground SpeechCreate SpeechDeactivateGrammar SpeechDestroy
SpeechLoadGrammar SpeechProcessingSound SpeechStart SpeechUnloadGrammar StackPop StartMusicOnHold Stasis StasisBroadcast StatsD StopMixMonitor
StopMonitor StopMusicOnHold StopPlayTones StoreDTMF StreamEcho System TestClient TestServer ToneScan Transfer TryExec TrySystem UnpauseMonitor
UnpauseQueueMember UserEvent VMAuthenticate VMSayName Verbose VoiceMail VoiceMailMain VoiceMailPlayMsg Wait WaitDigit WaitExten WaitForCondition
WaitForNoise WaitForRing WaitForSignal WaitForSilence WaitForTone WaitUntil While Zapateller`
	fieldFunctions = `
ABS AES_DECRYPT AES_ENCRYPT AGC AGENT AMI_CLIENT ARRAY AST_CONFIG AST_SORCERY BASE64_DECODE BASE64_ENCODE BASENAME BLACKLIST CALENDAR_BUSY
CALENDAR_EVENT CALENDAR_QUERY CALENDAR_QUERY_RESULT CALENDAR_WRITE CALLCOMPLETION CALLERID CDR CDR_PROP CHANNEL CHANNELS CHANNEL_EXISTS
CHECKSIPDOMAIN CONFBRIDGE CONFBRIDGE_CHANNELS CONFBRIDGE_INFO CONNECTEDLINE CSV_QUOTE CURL CURLOPT CUT DAHDI_CHANNEL DB DB_DELETE DB_EXISTS
DB_KEYCOUNT DB_KEYS DEC DELETE DENOISE DEVICE_STATE DIALGROUP DIALPLAN_EXISTS DIGIT_SUM DIRNAME DUNDILOOKUP DUNDIQUERY DUNDIRESULT ENUMLOOKUP
ENUMQUERY ENUMRESULT ENV EVAL EVAL_EXTEN EVAL_SUB EXCEPTION EXISTS EXPORT EXTENSION_STATE FAXOPT FEATURE FEATUREMAP FIELDNUM FIELDQTY FILE
FILE_COUNT_LINE FILE_FORMAT FILTER FRAME_DROP FRAME_TRACE GEOLOC_PROFILE GLOBAL GLOBAL_DELETE GLOBAL_EXISTS GROUP GROUP_COUNT GROUP_LIST
GROUP_MATCH_COUNT HANGUPCAUSE HANGUPCAUSE_KEYS HASH HASHKEYS HINT HOLD_INTERCEPT IAXPEER IAXVAR ICONV IF IFMODULE IFTIME IMPORT INC ISNULL
JABBER_RECEIVE JABBER_STATUS JITTERBUFFER JSON_DECODE KEYPADHASH LEN LISTFILTER LOCAL LOCAL_PEEK LOCK LOG_GROUP LTRIM MASTER_CHANNEL MATH MAX MD5
MEETME_INFO MESSAGE MESSAGE_DATA MIN MINIVMACCOUNT MINIVMCOUNTER MIXMONITOR MUTEAUDIO ODBC ODBC_FETCH PARK_GET_CHANNEL PASSTHRU PERIODIC_HOOK
PITCH_SHIFT PJSIP_AOR PJSIP_CONTACT PJSIP_DIAL_CONTACTS PJSIP_DTMF_MODE PJSIP_ENDPOINT PJSIP_HEADER PJSIP_HEADERS PJSIP_HEADER_PARAM
PJSIP_INHERITABLE_HEADER PJSIP_MEDIA_OFFER PJSIP_MOH_PASSTHROUGH PJSIP_PARSE_URI PJSIP_PARSE_URI_FROM PJSIP_RESPONSE_HEADER PJSIP_RESPONSE_HEADERS
PJSIP_SEND_SESSION_REFRESH PJSIP_TRANSFER_HANDLING POLARITY POP PP_EACH_EXTENSION PP_EACH_USER PRESENCE_STATE PUSH QUEUE_EXISTS QUEUE_GET_CHANNEL
QUEUE_MEMBER QUEUE_MEMBER_COUNT QUEUE_MEMBER_LIST QUEUE_MEMBER_PENALTY QUEUE_VARIABLES QUEUE_WAITING_COUNT QUOTE RAND REALTIME REALTIME_DESTROY
REALTIME_FIELD REALTIME_HASH REALTIME_STORE RECORDING_INFO REDIRECTING REGEX REPLACE RTRIM SAYFILES SCRAMBLE SET SHA1 SHARED SHELL SHIFT SIPPEER
SIP_HEADER SIP_HEADERS SMDI_MSG SMDI_MSG_RETRIEVE SORT SPEECH SPEECH_ENGINE SPEECH_GRAMMAR SPEECH_RESULTS_TYPE SPEECH_SCORE SPEECH_TEXT SPRINTF
SQL_ESC SQL_ESC_BACKSLASHES SRVQUERY SRVRESULT STACK_PEEK STAT STIR_SHAKEN STIR_SHAKEN_ATTESTATION STRBETWEEN STRFTIME STRPTIME STRREPLACE SYSINFO
TALK_DETECT TESTTIME TIMEOUT TOLOWER TONE_DETECT TOUPPER TRIM TRYLOCK TXTCIDNAME UNLOCK UNSHIFT URIDECODE URIENCODE UUID VALID_EXTEN VARIABLE_EXISTS
VERSION VMCOUNT VM_INFO VOLUME`
)

// absent says of an application or function which is not there that it is one of
// the field's, instead of guessing what was meant.
func absent(findings []config.Finding) {
	for i := range findings {
		f := &findings[i]
		var names string
		switch f.Rule {
		case "unknown-application":
			names = fieldApplications
		case "unknown-function":
			names = fieldFunctions
		default:
			continue
		}
		if strings.Contains(f.Message, "function ODBC_") {
			f.Hint = "each section of func_odbc.conf makes one"
			continue
		}
		for _, name := range strings.Fields(names) {
			if strings.HasSuffix(f.Message, " "+name) || strings.Contains(strings.ToLower(f.Message), strings.ToLower(`"`+name+`"`)) {
				f.Message, f.Hint = name+" is not done by this exchange yet", ""
				f.Rule = strings.Replace(f.Rule, "unknown", "absent", 1)
			}
		}
	}
}
